import { headersOf, inEffect, type Proxied, proxiedIn } from '../proxied.ts'
import type { Rule } from '../rule.ts'
import type { Skeleton } from '../skeleton.ts'

/** nginx passes neither Upgrade nor Connection on by itself, and spoke HTTP/1.0 to backends until 1.29.7. */
export const websocket: Rule = {
  name: 'websocket',
  *find(file) {
    for (const passed of Map.groupBy(proxiedIn(file), ({ server }) => server).values()) {
      const known = passed.map(proxied => ({ proxied, headers: headersOf(file, proxied) }))
      const upgrading = known.filter(({ headers }) => headers?.has('upgrade'))
      const some = upgrading.length > 0 ? upgrading : known.filter(({ proxied }) => !isExact(proxied))
      for (const { proxied, headers } of some) {
        if (headers === undefined) continue
        const missing = ['Upgrade', 'Connection'].filter(name => !headers.has(name.toLowerCase()))
        if (upgrading.length > 0 && !speaksHttp11(file, proxied)) missing.push('HTTP/1.1')
        if (missing.length === 0) continue
        yield {
          at: proxied.pass.start,
          what: `a WebSocket of a client never opens: what the backend needs for it is not passed on (${missing.join(', ')})`,
          mend: 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; with `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }` in the http block',
        }
      }
    }
  },
}

/** One path that is no page: a health check, a subrequest. */
function isExact({ location }: Proxied): boolean {
  return location?.args[0]?.text === '='
}

function speaksHttp11(file: Skeleton, proxied: Proxied): boolean {
  const versions = inEffect(file, proxied, 'proxy_http_version')
  return versions === undefined || versions.some(({ args }) => args[0]?.text !== '1.0')
}
