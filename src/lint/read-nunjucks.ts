import {
  type CallNode,
  type EntryNode,
  type ForNode,
  type IfNode,
  type LookupNode,
  type Node,
  nodes,
  type PairNode,
  parser,
  type SetNode,
  type TestNode,
} from '../render/nunjucks/internals.ts'
import { DEEPEST, MOST_PARTS, type Part } from './template.ts'
import { call, field, item, key, text, unsure, type Value, view } from './value.ts'

/** What the variables of a template are at a place; a name that is none of them is one of the view. */
type Scope = Map<string, Value>

/** The source compiles. Macros stand where they are called. */
export function readNunjucks(source: string): Part[] {
  const root = parser.parse(source, [], {})
  const offsetOf = offsets(source)
  const macros = new Map(
    root.findAll(nodes.Macro).map(macro => [nameOf((macro as MacroNode).name), macro as MacroNode]),
  )
  const changing = twice(root.findAll(nodes.Set).flatMap(set => (set as SetNode).targets.map(nameOf)))
  let left = MOST_PARTS

  function partsOf(node: Node | null | undefined, scope: Scope, depth: number): readonly Part[] {
    left -= 1
    if (!node || left < 0) return []
    switch (node.typename) {
      case 'TemplateData':
        return [textPart(node)]
      case 'If':
      case 'IfAsync':
        return [ifPart(node as IfNode & { readonly cond: Node }, scope, depth)]
      case 'For':
      case 'AsyncEach':
      case 'AsyncAll':
        return [forPart(node as ForNode, scope, depth)]
      case 'Switch':
        return switchParts(node as SwitchNode, scope, depth)
      case 'Set':
        set(node as SetNode, scope)
        return []
      case 'Macro':
        return []
      case 'Root':
      case 'NodeList':
      case 'Output':
        return (node.children ?? []).flatMap(child => partsOf(child, scope, depth))
      default:
        return printed(node, scope, depth)
    }
  }

  function textPart(node: Node): Part {
    const value = String(node.value)
    let at = offsetOf(node)
    // What a trim marker took off is counted in nunjucks' places.
    while (!source.startsWith(value, at) && /\s/.test(source.charAt(at))) at += 1
    return { kind: 'text', at, text: value }
  }

  function ifPart(node: IfNode & { readonly cond: Node }, scope: Scope, depth: number): Part {
    const body = partsOf(node.body, new Map(scope), depth)
    const otherwise = partsOf(node.else_, new Map(scope), depth)
    return { kind: 'branch', how: 'if', at: offsetOf(node), value: readValue(node.cond, scope), body, otherwise }
  }

  function forPart(node: ForNode, outer: Scope, depth: number): Part {
    const list = readValue(node.arr, outer)
    const scope = new Map(outer).set('loop', unsure)
    const names = node.name.typename === 'Symbol' ? [node.name] : (node.name.children ?? [])
    for (const [at, name] of names.entries())
      scope.set(nameOf(name), at === 0 && names.length > 1 ? key(list) : item(list))
    const body = partsOf(node.body, scope, depth)
    const otherwise = partsOf(node.else_, new Map(outer), depth)
    return { kind: 'branch', how: 'loop', at: offsetOf(node), value: list, body, otherwise }
  }

  function switchParts(node: SwitchNode, scope: Scope, depth: number): readonly Part[] {
    const otherwise = partsOf(node.default, new Map(scope), depth)
    return node.cases.reduceRight<readonly Part[]>((rest, { cond, body }) => {
      const value = call('==', readValue(node.expr, scope), readValue(cond, scope))
      const parts = partsOf(body, new Map(scope), depth)
      return [{ kind: 'branch', how: 'if', at: offsetOf(node), value, body: parts, otherwise: rest }]
    }, otherwise)
  }

  function set({ targets, value }: SetNode, scope: Scope): void {
    for (const name of targets.map(nameOf)) {
      scope.set(name, value === null || changing.has(name) ? unsure : readValue(value, scope))
    }
  }

  function printed(node: Node, scope: Scope, depth: number): readonly Part[] {
    const { name, args } = node as CallNode
    const macro = node.typename === 'FunCall' && name.typename === 'Symbol' ? macros.get(nameOf(name)) : undefined
    if (macro !== undefined && depth < DEEPEST) return inlined(macro, args.children, scope, depth)
    // {% filter %} around a part of the template
    const captured = node.typename === 'Filter' ? args.children[0] : undefined
    if (captured?.typename === 'Capture') return partsOf((captured as IfNode).body, new Map(scope), depth)
    return [{ kind: 'hole', at: offsetOf(node), value: readValue(node, scope) }]
  }

  function inlined(macro: MacroNode, given: readonly Node[], scope: Scope, depth: number): readonly Part[] {
    const inside: Scope = new Map()
    const names = macro.args.children.filter(({ typename }) => typename === 'Symbol')
    for (const [at, name] of names.entries()) {
      const arg = given[at]
      inside.set(nameOf(name), arg === undefined ? unsure : readValue(arg, scope))
    }
    for (const pairs of [...macro.args.children, ...given].filter(({ typename }) => typename === 'KeywordArgs')) {
      for (const { key, value } of (pairs.children ?? []) as unknown as readonly EntryNode[]) {
        inside.set(nameOf(key), value.typename === 'Caller' ? unsure : readValue(value, scope))
      }
    }
    return partsOf(macro.body, inside, depth + 1)
  }

  return [...partsOf(root, new Map(), 0)]
}

interface MacroNode extends CallNode {
  readonly body: Node
}

interface SwitchNode extends Node {
  readonly expr: Node
  readonly cases: readonly { readonly cond: Node; readonly body: Node }[]
  readonly default?: Node
}

interface CompareNode extends Node {
  readonly expr: Node
  readonly ops: readonly { readonly type: string; readonly expr: Node }[]
}

function readValue(node: Node, scope: Scope): Value {
  const of = (part: Node | null | undefined) => (part ? readValue(part, scope) : text(''))
  switch (node.typename) {
    case 'Literal':
      return text(String(node.value))
    case 'Symbol':
      return scope.get(nameOf(node)) ?? view(nameOf(node))
    case 'LookupVal': {
      const { target, val } = node as LookupNode
      return val.typename === 'Literal' ? field(of(target), String(val.value)) : call('index', of(target), of(val))
    }
    case 'FunCall': {
      const { name, args } = node as CallNode
      if (name.typename !== 'LookupVal') return call(nameOf(name), ...args.children.map(of))
      const { target, val } = name as LookupNode
      return call(String(val.value), of(target), ...args.children.map(of))
    }
    case 'Filter':
      return call(nameOf((node as CallNode).name), ...(node as CallNode).args.children.map(of))
    case 'Group':
      return of(node.children?.[0])
    case 'Compare': {
      const { expr, ops } = node as CompareNode
      return call(ops[0]?.type ?? '', of(expr), ...ops.map(operand => of(operand.expr)))
    }
    case 'In':
      return call('contains', of((node as PairNode).left), of((node as PairNode).right))
    case 'Is': {
      const { left, right } = node as TestNode
      return call(`is ${nameOf(right.name ?? right)}`, of(left))
    }
    case 'InlineIf': {
      const { cond, body, else_ } = node as IfNode & { readonly cond: Node }
      return call('if', of(cond), of(body), of(else_))
    }
    default:
      return call(node.typename.toLowerCase(), ...operandsOf(node).map(of))
  }
}

function operandsOf(node: Node): Node[] {
  const found = node.fields.flatMap(name => (node as unknown as Readonly<Record<string, unknown>>)[name])
  return found.filter((part): part is Node => part instanceof nodes.Node)
}

function nameOf(node: Node): string {
  return String(node.value)
}

function twice(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.filter((name, at) => names.indexOf(name) !== at))
}

/** The parser counts lines and columns from 0. */
function offsets(source: string): (node: Node) => number {
  const starts = [0]
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return ({ lineno, colno }) => Math.min((starts[lineno] ?? 0) + (colno ?? 0), source.length)
}
