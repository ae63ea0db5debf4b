import {
  type CallNode,
  type EntryNode,
  type FilterNode,
  type ForNode,
  type IfNode,
  type Node,
  nodes,
  type SetNode,
  type TestNode,
} from './internals.ts'
import { PLACE } from './provenance.ts'

/** A loop whose body makes the same text of the same part of the view, whatever stands around it. */
export interface Loop {
  readonly list: List
  readonly name: string // the variable that each part is in
  readonly body: Node
  readonly around: readonly Around[] // what else of the view it mentions
}

const lists = ['sites', 'unavailable', 'services'] as const
const surroundings = ['domain', 'listen', 'nginx', 'env', 'known'] as const
export type List = (typeof lists)[number]
export type Around = (typeof surroundings)[number]

/**
 * Takes such loops out of a template, from where they stand by themselves: at the top, or in a condition there. A body
 * may use its own part, its own variables and what stays the same for all; not `loop`, not a macro, nothing that was
 * set outside.
 */
export function takeLoops(root: Node): Loop[] {
  const loops: Loop[] = []
  visit(root)
  return loops

  function visit(parent: Node): void {
    for (const [at, node] of (parent.children ?? []).entries()) {
      const loop = node.typename === 'For' ? loopOf(node as ForNode, root) : undefined
      if (loop !== undefined) {
        parent.children?.splice(at, 1, textNode(node, `${PLACE}${loops.length}${PLACE}`))
        loops.push(loop)
      } else if (node.typename === 'If') {
        const { body, else_ } = node as IfNode
        visit(body)
        if (else_ !== null) visit(else_)
      }
    }
  }
}

function textNode({ lineno, colno }: Node, text: string): Node {
  return new nodes.Output(lineno, colno, [new nodes.TemplateData(lineno, colno, text)])
}

function loopOf({ arr, name, body, else_ }: ForNode, root: Node): Loop | undefined {
  const list = lists.find(list => arr.typename === 'Symbol' && arr.value === list)
  if (list === undefined || name.typename !== 'Symbol' || else_ !== null) return undefined
  const names: Names = { own: new Set([String(name.value)]), set: new Set(), around: new Set() }
  if (!isPure(body, names, true)) return undefined
  // nunjucks changes the outer variable of that name, when there is one.
  const [inside, everywhere] = [symbolsIn(body), symbolsIn(root)]
  const isShared = (set: string) =>
    inside.filter(one => one === set).length < everywhere.filter(one => one === set).length
  if ([...names.set].some(isShared)) return undefined
  return { list, name: String(name.value), body, around: [...names.around] }
}

interface Names {
  readonly own: ReadonlySet<string> // the part, and what is known to be set
  readonly set: Set<string> // by the body
  readonly around: Set<Around>
}

/** What may stand in such a body, beside what is looked at more closely; anything else may not. */
const plain = new Set(
  `NodeList Output TemplateData Literal LookupVal If InlineIf Group Array Dict KeywordArgs Concat Add Sub Mul Div FloorDiv Mod
  Pow Neg Pos Not And Or In Compare CompareOperand`.split(/\s+/),
)

/** `isSure`: in every round this is come to; what is set in some rounds only would be seen in the next ones. */
function isPure(node: Node, names: Names, isSure = false): boolean {
  const arePure = (...parts: readonly Node[]) => parts.every(part => isPure(part, names))
  switch (node.typename) {
    case 'NodeList':
      return isSure ? isSequencePure(node, names) : arePure(...partsOf(node))
    case 'Symbol': {
      const found = surroundings.find(name => name === node.value)
      if (found !== undefined) names.around.add(found)
      return found !== undefined || names.own.has(String(node.value))
    }
    case 'For': {
      const { arr, name, body, else_ } = node as ForNode
      const variables = name.typename === 'Symbol' ? [name] : partsOf(name)
      const own = new Set([...names.own, 'loop', ...variables.map(({ value }) => String(value))])
      return arePure(arr, ...(else_ === null ? [] : [else_])) && isPure(body, { ...names, own })
    }
    case 'Filter':
      return arePure(...partsOf((node as FilterNode).args))
    case 'FunCall': {
      const { name, args } = node as CallNode
      return (name.typename === 'LookupVal' ? arePure(name) : name.value === 'range') && arePure(...partsOf(args))
    }
    case 'Is': {
      const { left, right } = node as TestNode
      return arePure(left) && (right.typename === 'FunCall' ? arePure(...partsOf((right as CallNode).args)) : true)
    }
    case 'Pair':
      return arePure((node as EntryNode).value)
    default:
      return plain.has(node.typename) && arePure(...partsOf(node))
  }
}

/** One after the other: a name is known behind where it is set. */
function isSequencePure(list: Node, names: Names): boolean {
  const own = new Set(names.own)
  for (const node of partsOf(list)) {
    if (node.typename !== 'Set') {
      if (!isPure(node, { ...names, own })) return false
      continue
    }
    const { targets, value } = node as SetNode
    if (value === null || !isPure(value, { ...names, own })) return false
    for (const target of targets) {
      own.add(String(target.value))
      names.set.add(String(target.value))
    }
  }
  return true
}

function partsOf(node: Node): Node[] {
  const found = node.fields.flatMap(field => (node as unknown as Readonly<Record<string, unknown>>)[field])
  return found.filter((part): part is Node => part instanceof nodes.Node)
}

function symbolsIn(node: Node): string[] {
  const own = node.typename === 'Symbol' ? [String(node.value)] : []
  return [...own, ...partsOf(node).flatMap(symbolsIn)]
}
