import type { Diagnostic } from '../../model/diagnostic.ts'
import { type RenderedFile, spansOf } from '../../model/generation.ts'
import { quote } from '../../model/quote.ts'
import { breakoutsOf } from './output-check.ts'
import { type Directive, find, parseDirectives } from './tokens.ts'

/** The service whose data makes up the innermost directive around a line; undefined when it is nobody's or several's. */
export function serviceAt({ text, pieces = [] }: RenderedFile, line: number): string | undefined {
  const spans = spansOf(pieces)
  const from = startOf(text, line)
  const next = text.indexOf('\n', from)
  const to = next === -1 ? text.length : next
  for (const { start, end } of around(parseDirectives(text), from, to)) {
    const owners = new Set(spans.filter(span => span.start >= start && span.end <= end).map(span => span.service))
    owners.delete(undefined)
    const [owner] = owners
    if (owner !== undefined) return owners.size === 1 ? owner : undefined
  }
  return undefined
}

/** What the files print from the catalog that is not an argument: the first of each service, for one may register thousands. */
export function breakoutsIn(files: readonly RenderedFile[]): Diagnostic[] {
  return files.flatMap(({ path, text, pieces = [] }) => {
    const told = new Set<string | undefined>()
    const diagnostics: Diagnostic[] = []
    let line = 1
    let at = 0
    for (const { start, value, service, why } of breakoutsOf(pieces)) {
      if (told.has(service)) continue
      told.add(service)
      line += text.slice(at, start).split('\n').length - 1
      at = start
      const message = `the value ${quote(value)} would be more than an argument: it ${why}`
      diagnostics.push({ severity: 'error', message, file: path, line, ...(service !== undefined && { service }) })
    }
    return diagnostics
  })
}

/**
 * Server blocks that nginx only warns of: it ignores their name, because a block of another service has it, and who asks
 * for it is answered by that other one. Of each name all services but the first.
 */
export function clashesIn(files: readonly RenderedFile[], warnings: readonly Diagnostic[]): Diagnostic[] {
  const contested = new Map(
    warnings.flatMap(({ message }): [string, string][] => {
      const [, name, address] = conflict.exec(message) ?? []
      return name === undefined || address === undefined ? [] : [[name, address]]
    }),
  )
  if (contested.size === 0) return []
  const holders = new Map<string, string>()
  return files.flatMap(({ path, text, pieces = [] }) => {
    const spans = spansOf(pieces)
    return namings(parseDirectives(text)).flatMap(({ block, name, line }): Diagnostic[] => {
      if (!contested.has(name)) return []
      const inside = spans.filter(({ start }) => start >= block.start && start < block.end)
      const owners = new Set(inside.map(span => span.service))
      const [service] = owners
      if (service === undefined || owners.size > 1) return []
      const holder = holders.get(name) ?? service
      holders.set(name, holder)
      if (holder === service) return []
      const both = `services ${quote(holder)} and ${quote(service)} have it`
      const message = `conflicting server name "${name}" on ${contested.get(name)}: ${both}`
      return [{ severity: 'error', message, file: path, line, service }]
    })
  })
}

const conflict = /^conflicting server name "(.*)" on (\S+), ignored$/

/** Every name of every server block, in the order in which nginx reads them. */
function namings(directives: readonly Directive[]): { block: Directive; name: string; line: number }[] {
  return [...find(directives, 'server')].flatMap(block =>
    (block.block ?? [])
      .filter(({ name }) => name === 'server_name')
      .flatMap(({ args, line }) => args.map(name => ({ block, name: name.toLowerCase(), line }))),
  )
}

/** Directives that touch the stretch, innermost first. */
function around(directives: readonly Directive[], from: number, to: number): Directive[] {
  return directives
    .filter(({ start, end }) => start <= to && end >= from)
    .flatMap(directive => [...around(directive.block ?? [], from, to), directive])
}

function startOf(text: string, line: number): number {
  let at = 0
  for (let number = 1; number < line; number += 1) {
    const next = text.indexOf('\n', at)
    if (next === -1) return at
    at = next + 1
  }
  return at
}
