import { describe, expect, it } from 'vitest'
import { EnvironmentRules, environmentBy, withoutSecrets } from './environment.ts'

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

describe('a program of the user sees', () => {
  const environment = { PATH: '/bin', NGINX_A: '1', NGINX_B: '2', 'A.B': '3', CONSUL_HTTP_TOKEN: 'secret' }

  it.each([
    { title: 'everything but secrets', rules: {}, sees: ['A.B', 'NGINX_A', 'NGINX_B', 'PATH'] },
    { title: 'what is allowed', rules: { allowlist: ['NGINX_*', 'PAT?'] }, sees: ['NGINX_A', 'NGINX_B', 'PATH'] },
    { title: 'what is not denied', rules: { denylist: ['*_[B-Z]', 'A.B'] }, sees: ['NGINX_A', 'PATH'] },
    { title: 'a dot is a dot', rules: { allowlist: ['A.B', 'NGINX.A'] }, sees: ['A.B'] },
    { title: 'denied wins over allowed', rules: { allowlist: ['NGINX_*'], denylist: ['*A'] }, sees: ['NGINX_B'] },
    { title: 'only its own', rules: { pristine: true, custom: ['X=1'] }, sees: ['X'] },
    {
      title: 'a secret that is given by name',
      rules: { custom: ['CONSUL_HTTP_TOKEN=other'], pristine: true },
      sees: ['CONSUL_HTTP_TOKEN'],
    },
    { title: 'no secret because it is allowed', rules: { allowlist: ['CONSUL_*'] }, sees: [] },
  ])('$title', ({ rules, sees }) => {
    expect(Object.keys(environmentBy(EnvironmentRules.parse(rules), environment)).sort()).toEqual(sees)
  })

  it('its own over what is inherited, with everything behind the first =', () => {
    const rules = EnvironmentRules.parse({ custom: ['PATH=/own', 'X=a=b', 'EMPTY='], allowlist: ['PATH'] })

    expect(environmentBy(rules, environment)).toEqual({ PATH: '/own', X: 'a=b', EMPTY: '' })
  })
})
