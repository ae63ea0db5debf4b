import { proxiedIn } from '../proxied.ts'
import type { Rule } from '../rule.ts'
import { namesOf, peerOf, portsOf, upstreamOf } from '../servers.ts'

/** A wildcard that passes requests on to a name it answers for itself. */
export const proxyLoop: Rule = {
  name: 'proxy-loop',
  *find(file) {
    for (const { pass, server } of proxiedIn(file)) {
      if (server === undefined) continue
      const domains = namesOf(server).flatMap(({ text }) => /^\*?(\.[\w.-]+)$/.exec(text)?.[1] ?? [])
      const ports = portsOf(server)
      for (const word of upstreamOf(file, pass)?.servers.map(({ args }) => args[0]) ?? [pass.args[0]]) {
        const peer = peerOf(word?.text ?? '')
        if (word === undefined || peer === undefined || !ports.includes(peer.port)) continue
        if (!domains.some(domain => `.${peer.host}`.endsWith(domain))) continue
        yield {
          at: word.start,
          what: `this server block answers for ${peer.host} itself: where that name leads back to this nginx, one request goes round until all connections are used up, and no service answers`,
          mend: 'pass on to an address, or to a name outside of the wildcard',
        }
      }
    }
  },
}
