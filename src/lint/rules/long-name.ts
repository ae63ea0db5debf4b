import type { Word } from '../directives.ts'
import { rawDataIn } from '../raw-data.ts'
import type { Rule } from '../rule.ts'
import { httpDirectives, isRepeated, namesOf, serverBlocks } from '../servers.ts'
import { hasHole, withEqualHoles } from '../skeleton.ts'

/** The bucket that nginx has where nothing is said: a line of the processor's cache. */
const BUCKET = 64
/** What a bucket holds beside a name; measured with nginx 1.22, 1.26 and 1.30. */
const OVERHEAD = 18

export const longName: Rule = {
  name: 'long-name',
  *find(file, { files }) {
    const sizes = files.flatMap(one => httpDirectives(one, 'server_names_hash_bucket_size'))
    const given = sizes.map(({ args }) => Number(args[0]?.text))
    const longest = Math.max(BUCKET, ...given) - OVERHEAD
    if (Number.isNaN(longest)) return // a template says how large
    const servers = serverBlocks(file)
    // With one server block on an address there is nothing to look up.
    if (servers.length < 2 && !servers.some(server => isRepeated(file, server))) return

    for (const server of servers) {
      for (const name of namesOf(server).filter(isInHash)) {
        const written = withEqualHoles(name.text).replace(/\ue000/g, '')
        const isFromCatalog = hasHole(name.text) && given.length === 0 && rawDataIn(file, name).length > 0
        const room = longest - written.length
        if (!isFromCatalog && room >= 0) continue
        yield {
          at: name.start,
          what: `server names of more than ${longest} characters do not fit into nginx’s hash: ${isFromCatalog ? `one service with a name of more than ${Math.max(room, 0)}` : `this one has ${written.length}, and`} makes it refuse the whole configuration, for all services`,
          mend: `server_names_hash_bucket_size ${isFromCatalog ? 256 : bucketFor(written.length)}; in the http block`,
        }
      }
    }
  },
}

/** Patterns are tried one after the other, and wildcards are looked up label by label. */
function isInHash({ text }: Word): boolean {
  return !/^~|^\*?\.|\.\*$/.test(text)
}

function bucketFor(length: number): number {
  let size = BUCKET
  while (size - OVERHEAD < length) size *= 2
  return size
}
