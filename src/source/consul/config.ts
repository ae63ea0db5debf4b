import { z } from 'zod'
import { idle } from '../../config/idle.ts'
import { duration } from '../../duration.ts'

const usualAddress = '127.0.0.1:8500'

/** Where Consul is and how to speak to it; the names are consul-template's. */
export const ConsulConfig = z.strictObject({
  type: z.literal('consul'),
  address: z
    .string()
    .refine(text => text === '' || isAddress(text), 'is neither host:port, a URL nor unix:///path')
    .transform(text => text || usualAddress)
    .prefault(usualAddress)
    .describe('host:port, URL or unix:///path of the Consul agent'),
  auth: z
    .union([
      z
        .strictObject({
          enabled: z.boolean().optional(),
          username: z.string().default(''),
          password: z.string().default(''),
        })
        .transform(({ username, password, enabled = username !== '' || password !== '' }) => {
          return enabled ? `${username}:${password}` : undefined
        }),
      z
        .string()
        .min(1, 'cannot be empty')
        .transform(text => (text.includes(':') ? text : `${text}:`)),
    ])
    .optional()
    .describe('user:password for HTTP basic authentication, or a block with username and password'),
  namespace: z.string().optional().describe('namespace to ask for (Consul Enterprise)'),
  token: z.string().optional().describe('ACL token; prefer token_file'),
  token_file: z.string().optional().describe('file that holds the ACL token; read again before every attempt'),
  max_stale: duration.default(2_000).describe('how old an answer of a follower may be; 0 asks the leader'),
  ssl: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe('speak TLS; true where anything else of it is set beside the environment'),
      verify: z.boolean().default(true).describe('check the server certificate'),
      ca_cert: z.string().optional().describe('PEM file of the authority to trust'),
      ca_cert_bytes: z.string().optional().describe('the same as text'),
      ca_path: z.string().optional().describe('folder of such files'),
      cert: z.string().optional().describe('PEM file of the client certificate'),
      key: z.string().optional().describe("PEM file of the client certificate's key"),
      server_name: z.string().optional().describe('name to expect in the server certificate'),
    })
    .prefault({}),
  retry: idle('upstreamd never gives up, and how long it waits is its own affair'),
  transport: idle('a dozen connections are kept open, whatever the number of services'),
})
export type ConsulConfig = z.output<typeof ConsulConfig>

function isAddress(text: string): boolean {
  if (text.startsWith('unix:')) return text.startsWith('unix:///')
  return URL.canParse(/^https?:\/\//.test(text) ? text : `http://${text}`)
}
