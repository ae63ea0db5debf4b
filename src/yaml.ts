import {
  type Alias,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parse,
  parseAllDocuments,
  parseDocument,
  type Scalar,
  visit,
  type YAMLParseError,
  type Document as YamlDocument,
} from 'yaml'
import type { Document } from './config/document.ts'

/** The library's warnings would stand on stderr between our own lines; what is wrong is an error. */
const quiet = { logLevel: 'error' } as const

/** YAML 1.2, JSON included; aliases are bounded by the library. Throws its error, which names line and column. */
export function parseYaml(text: string): unknown {
  return parse(text, quiet)
}

/** The same with the lines, for a file that people write by hand: there 0644 is octal, as in HCL. */
export function parseYamlDocument(text: string): Document {
  const lines = new LineCounter()
  const document = parseDocument(text, { ...quiet, lineCounter: lines })
  const [problem] = document.errors
  if (problem !== undefined) throw problem
  visit(document, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === 'number' && /^0[0-7]+$/.test(scalar.source ?? ''))
        scalar.value = Number.parseInt(scalar.source ?? '', 8)
    },
  })
  const lineOfNode = (node: Node | null) => (node?.range ? lines.linePos(node.range[0]).line : undefined)

  function lineOf(path: readonly PropertyKey[]): number {
    let node: Node | null | undefined = document.contents
    let line = lineOfNode(node) ?? 1
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document)
      if (isSeq(node)) {
        node = node.items[Number(part)] as Node | undefined
        line = lineOfNode(node ?? null) ?? line
      } else if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === part)
        line = lineOfNode((pair?.key as Node | undefined) ?? null) ?? line
        node = pair?.value as Node | undefined
      } else if (part !== 0) return line // one block alone is a list of one where a list is wanted
    }
    return line
  }
  return { value: document.toJS(), lineOf }
}

/** A document before anything is made of its scalars: what they mean depends on who reads them. */
export type YamlNode =
  | { readonly kind: 'scalar'; readonly text: string; readonly isPlain: boolean; readonly tag: string | undefined }
  | { readonly kind: 'list'; readonly items: readonly YamlNode[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [YamlNode, YamlNode])[] }

/** The first document in YAML 1.1, undefined when there is none. An alias is the node it stands for, not a copy. */
export function yamlTree(text: string): YamlNode | undefined {
  const [document] = parseAllDocuments(text, {
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    logLevel: 'silent',
  })
  if (document === undefined || !('contents' in document)) return undefined
  const [error] = document.errors
  if (error !== undefined && !isBehind(document.contents, error, text)) throw error
  const known = new Map<Node, YamlNode>()
  const open = new Set<Node>()

  function treeOf(node: unknown): YamlNode {
    if (!isNode(node)) return { kind: 'scalar', text: '', isPlain: true, tag: undefined }
    if (open.has(node)) throw new Error('an anchor contains itself')
    open.add(node)
    const tree = known.get(node) ?? read(node)
    open.delete(node)
    known.set(node, tree)
    return tree
  }

  function read(node: Node): YamlNode {
    const anchor = isAlias(node) ? node.source : node.anchor
    // YAML 1.1 as libyaml reads it: `&lt;` is no anchor.
    if (!/^[\w-]*$/.test(anchor ?? '')) throw new Error('did not find expected alphabetic or numeric character')
    if (isAlias(node)) return aliased(node)
    if (isMap(node)) return { kind: 'map', entries: node.items.map(({ key, value }) => [keyOf(key), treeOf(value)]) }
    if (isSeq(node)) return { kind: 'list', items: node.items.map(treeOf) }
    if (!isScalar(node)) throw new Error('unknown node')
    const isPlain = node.type === 'PLAIN'
    return { kind: 'scalar', text: isPlain ? (node.source ?? '') : written(node), isPlain, tag: node.tag }
  }

  /** libyaml takes `: a` for no entry; of `? : a` the key is empty. */
  function keyOf(key: unknown): YamlNode {
    const isThere =
      !isScalar(key) || key.range?.[0] !== key.range?.[1] || key.tag !== undefined || key.anchor !== undefined
    if (isThere || text.slice(0, key.range?.[0]).trimEnd().endsWith('?')) return treeOf(key)
    throw new Error('did not find expected key')
  }

  /** A block at the end of a text that has no line end there has none either; our reader adds one. */
  function written(node: Scalar): string {
    const isOpen = node.type?.startsWith('BLOCK') && !text.endsWith('\n') && node.range?.[1] === text.length
    return isOpen ? String(node.value).replace(/\n$/, '') : String(node.value)
  }

  function aliased(alias: Alias): YamlNode {
    const node = alias.resolve(document as YamlDocument)
    if (node === undefined) throw new Error(`unknown anchor '${alias.source}' referenced`)
    return treeOf(node)
  }

  return treeOf(document.contents)
}

/** Is it about what stands behind the whole document, and is that made of YAML's tokens? Then nobody reads as far as there. */
function isBehind(root: unknown, { code, pos: [at] }: YAMLParseError, text: string): boolean {
  if (!isNode(root) || !root.range || code !== 'UNEXPECTED_TOKEN' || at < root.range[1]) return false
  const isFirst = text.slice(at - columnOf(at, text), at).trim() === '' // on its line
  if (noToken.test(text.slice(at)) || (!isFirst && /^[-?]\s/.test(text.slice(at)))) return false
  if (isScalar(root)) return root.type?.startsWith('QUOTE') ?? false
  // Without brackets it ends where something stands further to the left.
  return isCollection(root) && (root.flow || columnOf(at, text) < columnOf(root.range[0], text))
}

function columnOf(at: number, text: string): number {
  return at - text.lastIndexOf('\n', at - 1) - 1
}

const noToken = /^(?:[@`%|>]|&(?![\w-])|"(?:[^"\\]|\\.)*$|'[^']*$)/s
