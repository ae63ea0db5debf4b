import type { Document } from './document.ts'
import { HclError, type Token, tokensOf } from './hcl-tokens.ts'

/** A value as it stands in the file. What is written more than once under one name is kept apart, in order. */
type Node = { readonly line: number } & (
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'block'; readonly entries: ReadonlyMap<string, Entry> }
)
interface Written {
  readonly line: number
  readonly node: Node
}
type Entry = readonly Written[]

/** Reads HCL 1: a block is an object, blocks of the same name are a list of objects. Throws HclError. */
export function parseHcl(text: string): Document {
  const root = createParser(tokensOf(text)).file()
  return { value: plain(root), lineOf: path => lineAt(root, path) }
}

function createParser(tokens: readonly Token[]) {
  let at = 0
  const peek = () => tokens[at] as Token
  function take(): Token {
    const token = peek()
    if (token.kind !== 'end') at += 1
    return token
  }
  function skip(kind: Token['kind']): boolean {
    const isThere = peek().kind === kind
    if (isThere) at += 1
    return isThere
  }

  /** Entries up to the closing brace, or to the end of the file. */
  function block(line: number, end: '}' | 'end'): Node {
    const entries = new Map<string, Entry>()
    while (!skip(end)) {
      if (peek().kind === 'end') return complain(line, 'a block that begins with { does not end')
      const { key, ...written } = entry()
      entries.set(key, joined(entries.get(key) ?? [], written))
      skip(',')
    }
    return { kind: 'block', line, entries }
  }

  /** `key = value`, `key { … }`; `key "label" { … }` is a block in a block. */
  function entry(): Written & { readonly key: string } {
    const keys: Token[] = []
    while (peek().kind === 'name' || peek().kind === 'text') keys.push(take())
    const [first, ...labels] = keys
    const token = take()
    if (first === undefined) return complain(token.line, `expected a key, found ${describe(token)}`)
    const key = String(first.value)
    const { line } = first
    if (token.kind === '=' && labels.length === 0) return { key, line, node: value(take()) }
    if (token.kind !== '{')
      return complain(
        token.line,
        `after "${keys.map(({ value }) => value).join(' ')}" expected = or {, found ${describe(token)}`,
      )
    const inner = block(token.line, '}')
    const node = labels.reduceRight<Node>(
      (node, { value, line }) => ({ kind: 'block', line, entries: new Map([[String(value), [{ line, node }]]]) }),
      inner,
    )
    return { key, line, node }
  }

  function value(token: Token): Node {
    const { line } = token
    switch (token.kind) {
      case 'text':
      case 'literal':
        return { kind: 'literal', line, value: token.value }
      case '{':
        return block(line, '}')
      case '[':
        return list(line)
      default:
        return complain(
          line,
          `expected a value, found ${describe(token)}${token.kind === 'name' ? '; texts stand in quotes' : ''}`,
        )
    }
  }

  function list(line: number): Node {
    const items: Node[] = []
    while (!skip(']')) {
      items.push(value(take()))
      if (!skip(',') && peek().kind !== ']')
        return complain(peek().line, `in a list expected , or ], found ${describe(peek())}`)
    }
    return { kind: 'list', line, items }
  }

  return { file: () => block(1, 'end') }
}

/** What is written again: of plain values the last one counts, lists grow, blocks stay apart. */
function joined(before: Entry, written: Written): Entry {
  const [{ node: old } = written] = before
  const { line, node } = written
  if (node.kind === 'literal') return [written]
  if (before.length !== 1 || old.kind !== 'list') return [...before, written]
  return [{ line, node: { ...old, items: [...old.items, ...(node.kind === 'list' ? node.items : [node])] } }]
}

function complain(line: number, what: string): never {
  throw new HclError(line, what)
}

function describe({ kind, value }: Token): string {
  return kind === 'end' ? 'the end of the file' : JSON.stringify(value)
}

function plain(node: Node): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'list':
      return node.items.map(plain)
    case 'block':
      return Object.fromEntries(
        [...node.entries].map(([key, entry]) => {
          const values = entry.map(({ node }) => plain(node))
          return [key, values.length === 1 ? values[0] : values]
        }),
      )
  }
}

function lineAt(root: Node, path: readonly PropertyKey[]): number {
  let { line } = root
  let found: readonly Node[] = [root] // all that are written under this name
  for (const part of path) {
    const [only] = found
    if (typeof part === 'number') {
      // One block alone is a list of one where a list is wanted.
      const item = (found.length === 1 && only?.kind === 'list' ? only.items : found)[part]
      if (item === undefined) return line
      line = item.line
      found = [item]
      continue
    }
    const entries = found.flatMap(node => (node.kind === 'block' && node.entries.get(String(part))) || [])
    line = entries.at(-1)?.line ?? line
    found = entries.map(({ node }) => node)
    if (entries.length === 0) return line
  }
  return line
}
