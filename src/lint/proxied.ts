import { around, type Directive } from './directives.ts'
import { httpDirectives, isOpen } from './servers.ts'
import type { Skeleton } from './skeleton.ts'

/** Requests that are passed on, and what stands around them. */
export interface Proxied {
  readonly pass: Directive
  readonly location: Directive | undefined
  readonly server: Directive | undefined
}

/** Every `proxy_pass` that a client can come to. */
export function proxiedIn(file: Skeleton): Proxied[] {
  return httpDirectives(file, 'proxy_pass')
    .map(pass => {
      const outer = [...around(pass)]
      const location = outer.find(({ name }) => name === 'location')
      return { pass, location, server: outer.find(({ name }) => name === 'server') }
    })
    .filter(({ location }) => !location?.block?.some(({ name }) => name === 'internal'))
}

/**
 * What of this name holds there: nginx takes it from the outer block only where the inner one has none at all. Undefined:
 * a part of it is not in this file.
 */
export function inEffect(file: Skeleton, { pass }: Proxied, name: string): Directive[] | undefined {
  const found: Directive[] = []
  for (const outer of [...around(pass), undefined]) {
    const block = outer === undefined ? file.directives : (outer.block ?? [])
    if (isOpen(block)) return undefined
    const here = block.filter(directive => directive.name === name)
    found.push(...here)
    const isCertain = here.some(({ start }) => file.armsAt(start, outer?.start).length === 0)
    if (isCertain) return found
  }
  return found
}

/** Name and value of the headers it sends, names in lower case. */
export function headersOf(file: Skeleton, proxied: Proxied): ReadonlyMap<string, string> | undefined {
  const set = inEffect(file, proxied, 'proxy_set_header')
  if (set === undefined) return undefined
  return new Map(set.map(({ args: [name, value] }) => [name?.text.toLowerCase() ?? '', value?.text ?? '']))
}
