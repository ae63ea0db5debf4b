import type { Directive } from '../directives.ts'
import { headersOf, inEffect, type Proxied, proxiedIn } from '../proxied.ts'
import type { Rule } from '../rule.ts'
import { httpDirectives, namesOf, peerOf, portsOf, serverBlocks, upstreamOf } from '../servers.ts'
import { hasHole, type Skeleton } from '../skeleton.ts'

const carriers = new Set(['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-client-ip', 'true-client-ip'])

export const clientAddress: Rule = {
  name: 'client-address',
  *find(file, { files }) {
    for (const proxied of proxiedIn(file)) {
      const headers = headersOf(file, proxied)
      if (headers === undefined || inEffect(file, proxied, 'proxy_bind')?.length !== 0) continue
      const isSent = [...headers].some(([name, value]) => carriers.has(name) || /_addr\b|forwarded_for/.test(value))
      if (isSent) continue
      yield {
        at: proxied.pass.start,
        what: 'backends see this nginx in the place of every client: their logs, limits and blocks are about one address',
        mend: 'proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      }
    }
    for (const front of files.filter(other => other !== file)) yield* behind(file, front, files)
  },
}

/** Two layers, each of which says who asked: the second one knows only the first. */
function* behind(file: Skeleton, front: Skeleton, files: readonly Skeleton[]) {
  if (files.some(one => httpDirectives(one, 'set_real_ip_from').length > 0)) return
  const inner = serverBlocks(file).filter(server =>
    serverBlocks(front).some(outer => isInFrontOf(front, outer, server)),
  )
  for (const proxied of proxiedIn(file).filter(({ server }) => server !== undefined && inner.includes(server))) {
    const header = ownAddress(file, proxied)
    if (header === undefined) continue
    yield {
      at: header.start,
      what: `behind ${front.path} $remote_addr is that nginx: backends see its address in ${header.args[0]?.text} in the place of every client`,
      mend: 'set_real_ip_from ADDRESS-OF-THE-FRONT; real_ip_header X-Forwarded-For; in the http block of this nginx',
    }
  }
}

function ownAddress(file: Skeleton, proxied: Proxied): Directive | undefined {
  const headers = inEffect(file, proxied, 'proxy_set_header') ?? []
  return headers.find(({ args: [, value] }) => value?.text === '$remote_addr')
}

/** It takes all names below one that the other has names in, and passes them on to the other's port. */
function isInFrontOf(front: Skeleton, outer: Directive, inner: Directive): boolean {
  const domains = namesOf(outer).flatMap(({ text }) => /^\*?(\.[\w.-]+)$/.exec(text)?.[1] ?? [])
  const isBelow = namesOf(inner).some(({ text }) => domains.some(domain => text.endsWith(domain) && hasHole(text)))
  const ports = proxiedIn(front)
    .filter(({ server }) => server === outer)
    .flatMap(({ pass }) => upstreamOf(front, pass)?.servers.map(({ args }) => args[0]) ?? [pass.args[0]])
    .flatMap(word => peerOf(word?.text ?? '')?.port ?? [])
  return isBelow && portsOf(inner).some(port => ports.includes(port))
}
