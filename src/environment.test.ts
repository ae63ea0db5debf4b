import { expect, it } from 'vitest'
import { withoutSecrets } from './environment.ts'

it('no child and no template sees a token', () => {
  const environment = {
    PATH: '/bin',
    HOME: undefined,
    CONSUL_HTTP_ADDR: 'a:1',
    CONSUL_TOKEN: 's',
    CONSUL_HTTP_TOKEN: 's',
    CONSUL_HTTP_AUTH: 's',
    VAULT_TOKEN: 's',
    NOMAD_TOKEN: 's',
  }

  expect(withoutSecrets(environment)).toEqual({ PATH: '/bin', CONSUL_HTTP_ADDR: 'a:1' })
})
