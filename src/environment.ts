import { z } from 'zod'

/** Variables that hold secrets: no child of ours, no template and no log ever sees them. */
const secret = /^(CONSUL_(HTTP_)?TOKEN|CONSUL_HTTP_AUTH|VAULT_TOKEN|NOMAD_TOKEN)$/

export function withoutSecrets(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || secret.test(name) ? [] : [[name, value]],
    ),
  )
}

/** Which variables a program of the user sees; the names are consul-template's. */
export const EnvironmentRules = z.strictObject({
  pristine: z.boolean().default(false).describe('only what custom says'),
  custom: z.array(z.string()).default([]).describe('NAME=value; wins over everything else'),
  allowlist: z.array(z.string()).default([]).describe('only these, as globs such as NGINX_*'),
  denylist: z.array(z.string()).default([]).describe('not these, as globs'),
})
export type EnvironmentRules = z.output<typeof EnvironmentRules>

/** Never a secret, unless `custom` says it. */
export function environmentBy(
  { pristine, custom, allowlist, denylist }: EnvironmentRules,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const [allowed, denied] = [allowlist, denylist].map(globs => globs.map(globOf))
  const inherited = Object.entries(pristine ? {} : withoutSecrets(environment)).filter(
    ([name]) => (allowed?.length === 0 || matches(name, allowed)) && !matches(name, denied),
  )
  const own = custom.map(entry => {
    const [name = '', ...value] = entry.split('=')
    return [name, value.join('=')]
  })
  return Object.fromEntries([...inherited, ...own])
}

function matches(name: string, expressions: readonly RegExp[] = []): boolean {
  return expressions.some(expression => expression.test(name))
}

/** `*`, `?` and `[a-z]` of a glob; anything else stands for itself. */
export function globOf(glob: string): RegExp {
  const parts = glob.split(/(\*|\?|\[[^\]]+\])/).map(part => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    return /^\[.+\]$/.test(part) ? part.replaceAll('\\', '\\\\') : part.replaceAll(/[\\^$.+(){}[\]|]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`, 's')
}
