import { asksFor, isNeverEmpty, unsorted } from '../conditions.ts'
import type { Directive } from '../directives.ts'
import type { Rule } from '../rule.ts'
import { isOpen, own, upstreamsOf } from '../servers.ts'
import type { Arm, Branch, Skeleton } from '../skeleton.ts'
import { isSame, type Value } from '../value.ts'

/** nginx: "no servers are inside upstream", for the whole configuration. */
export const emptyUpstream: Rule = {
  name: 'empty-upstream',
  *find(file) {
    for (const upstream of upstreamsOf(file)) {
      if (isOpen(upstream.block ?? []) || isAlwaysThere(file, upstream, undefined)) continue
      yield {
        at: upstream.start,
        what: 'when this upstream has no server (no instance is healthy, or none is registered), nginx refuses the whole configuration: no change of any service arrives any more, and nginx does not start again',
        mend: mends[file.language],
      }
    }
  },
}

const mends = {
  gotmpl:
    'write upstream and server block inside {{with service …}} … {{end}}, or give the loop an {{else}} server 127.0.0.1:9 down;',
  nunjucks:
    'write upstream and server block inside {% if … | length %} … {% endif %}, or loop over `sites`, which all have a server',
  nginx: 'give it a server',
}

/** Does every way through the template put a server into this part of the upstream: into an arm, or where there is none? */
function isAlwaysThere(file: Skeleton, upstream: Directive, arm: Arm | undefined): boolean {
  const servers = own(upstream, 'server')
  if (servers.some(({ start }) => file.armsAt(start, upstream.start).at(-1) === arm)) return true

  return branchesOf(file, upstream, arm).some(branch => {
    const { how, body, otherwise } = branch
    if (!isAlwaysThere(file, upstream, body)) return false
    if (how === 'loop' && isNeverEmptyThere(file, branch)) return true
    return otherwise !== undefined && isAlwaysThere(file, upstream, otherwise)
  })
}

function branchesOf(file: Skeleton, { start, end }: Directive, arm: Arm | undefined): Branch[] {
  if (arm !== undefined) return file.branches.filter(({ within }) => within === arm)
  const inside = file.branches.filter(branch => branch.start > start && branch.start < end)
  return inside.filter(({ within }) => within === undefined || within.start <= start)
}

/** By itself, or because somebody has asked before. */
function isNeverEmptyThere(file: Skeleton, { value, start, within }: Branch): boolean {
  const list = unsorted(value)
  const isAsked = (arm: Arm | undefined): boolean =>
    arm !== undefined && (asks(arm.branch, list) || isAsked(arm.branch.within))
  return isNeverEmpty(list) || isAsked(within) || file.jumps.some(jump => jump.start < start && isAsked(jump.within))
}

/** In a round of a loop over it, there is something in it. */
function asks(branch: Branch, list: Value): boolean {
  return branch.how === 'loop' ? isSame(unsorted(branch.value), list) : asksFor(branch.value, list)
}
