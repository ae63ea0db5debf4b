/** Variables that hold secrets: no child of ours, no template and no log ever sees them. */
const secret = /^(CONSUL_(HTTP_)?TOKEN|CONSUL_HTTP_AUTH|VAULT_TOKEN|NOMAD_TOKEN)$/

export function withoutSecrets(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || secret.test(name) ? [] : [[name, value]],
    ),
  )
}
