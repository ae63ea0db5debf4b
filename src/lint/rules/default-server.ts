import type { Directive } from '../directives.ts'
import type { Rule } from '../rule.ts'
import {
  isCatchAll,
  isDefault,
  isRepeated,
  isSameKey,
  type ListenKey,
  listenKeys,
  namesOf,
  own,
  serverBlocks,
} from '../servers.ts'
import type { Skeleton } from '../skeleton.ts'

/** Of the server blocks on an address, the first answers hosts that nobody has, unless one of them is the default. */
export const defaultServer: Rule = {
  name: 'default-server',
  *find(file, { files }) {
    if (files.some(isPartOfHttp)) return
    const all = files.flatMap(placed)
    for (const { key, members } of groups(placed(file))) {
      const [first] = members
      if (first === undefined || isCatchAll(first)) continue
      if (all.some(other => isSameKey(other.key, key) && isDefaultOn(other))) continue
      const named = members.filter(server => namesOf(server).length > 0 && !isCatchAll(server))
      const isForMany = named.length > 1 || named.some(server => isRepeated(file, server))
      if (!isForMany) continue
      yield {
        at: first.start,
        what: 'no server block is the default on this address, so the first one answers for every host that nobody has: whoever mistypes a host name, or has an old one, reaches another team’s service',
        mend: 'add `server { listen … default_server; return 404; }` (`lint off: default-server` in a comment when another file has one)',
      }
    }
  },
}

interface Placed {
  readonly server: Directive
  readonly key: ListenKey
}

function placed(file: Skeleton): Placed[] {
  return serverBlocks(file).flatMap(server => (listenKeys(file, server) ?? []).map(key => ({ server, key })))
}

function groups(all: readonly Placed[]): { key: ListenKey; members: Directive[] }[] {
  const found: { key: ListenKey; members: Directive[] }[] = []
  for (const { server, key } of all) {
    const known = found.find(group => isSameKey(group.key, key))
    if (known === undefined) found.push({ key, members: [server] })
    else known.members.push(server)
  }
  return found
}

function isDefaultOn({ server }: Placed): boolean {
  return own(server, 'listen').some(isDefault)
}

/** Does it take server blocks in from elsewhere? One of them may be the default. */
function isPartOfHttp(file: Skeleton): boolean {
  return file.directives.some(({ name }) => name === 'include' || name === '')
}
