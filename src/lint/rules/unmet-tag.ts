import type { Catalog } from '../../model/catalog.ts'
import type { Directive } from '../directives.ts'
import type { Rule } from '../rule.ts'
import { serverBlocks, upstreamsOf } from '../servers.ts'
import type { Branch, Skeleton } from '../skeleton.ts'
import { unmetTags } from '../tags.ts'

/** Needs a catalog: a tag that nobody carries renders nothing, and nothing says so. */
export const unmetTag: Rule = {
  name: 'unmet-tag',
  *find(file, { catalog }) {
    if (catalog === undefined || catalog.services.length === 0) return
    const carries = (tag: string, name: string | undefined) => isCarried(catalog, tag, name)
    for (const branch of file.branches) {
      for (const tag of unmetTags(branch.value, carries)) {
        const kin = metaLike(catalog, tag)
        if (kin === undefined && !isSelecting(file, branch)) continue
        yield {
          at: branch.start,
          what: `no service of the ${catalog.services.length} in the catalog carries the tag "${tag}", so nothing in here is ever rendered${kin === undefined ? '' : `; ${kin}`}`,
          mend:
            kin === undefined
              ? 'register the services with the tag, or test for one they have'
              : 'test the meta, or register it as a tag',
        }
      }
    }
  },
}

/** Does it decide whether somebody is served at all? A tag for an option may well be carried by nobody yet. */
function isSelecting(file: Skeleton, { how, body }: Branch): boolean {
  const isInside = ({ start }: Directive) => start >= body.start && start < body.end
  return how !== 'if' || [...serverBlocks(file), ...upstreamsOf(file)].some(isInside)
}

/** Of a service that is not there, nobody knows what it would carry. */
function isCarried({ services }: Catalog, tag: string, name: string | undefined): boolean {
  if (name === undefined) return services.some(({ tags }) => tags.includes(tag))
  const asked = services.find(service => service.name === name)
  return asked === undefined || asked.tags.includes(tag) || services.some(service => service.name === `${tag}.${name}`)
}

function metaLike({ services }: Catalog, tag: string): string | undefined {
  for (const { name, instances } of services) {
    for (const { meta } of instances) {
      const [found] = Object.entries(meta).filter(([key, value]) => key === tag || value === tag)
      if (found !== undefined) return `the meta of ${name} has ${found[0]}=${found[1]}`
    }
  }
  return undefined
}
