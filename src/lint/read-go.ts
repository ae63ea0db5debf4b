import type {
  ActionNode,
  BranchNode,
  CommandNode,
  ListNode,
  Node,
  OperandNode,
  PipeNode,
  TemplateNode,
} from '../render/gotmpl/nodes.ts'
import { parse } from '../render/gotmpl/parse.ts'
import { DEEPEST, MOST_PARTS, type Part } from './template.ts'
import { call, field, item, key, text, unsure, type Value, view } from './value.ts'

/** What names mean at a place: the dot, and variables. */
interface Scope {
  readonly dot: Value
  readonly variables: Map<string, Value>
}

/** The source compiles; so whatever it calls is there. Templates that are called stand where they are called. */
export function readGo(source: string, name: string): Part[] {
  const { templates } = parse(source, { name, functions: { has: () => true } })
  const assigned = new Set([...templates.values()].flatMap(assignedIn))
  let left = MOST_PARTS

  function listParts(list: ListNode | undefined, scope: Scope, depth: number): Part[] {
    const parts: Part[] = []
    for (const node of list?.nodes ?? []) {
      left -= 1
      if (left < 0) break
      parts.push(...nodeParts(node, scope, depth))
    }
    return parts
  }

  function nodeParts(node: Node, scope: Scope, depth: number): readonly Part[] {
    switch (node.kind) {
      case 'text':
        return [{ kind: 'text', at: node.at, text: node.text }]
      case 'action':
        return actionParts(node, scope, depth)
      case 'if':
      case 'with':
      case 'range':
        return [branchPart(node, scope, depth)]
      case 'template':
        return templateParts(node, scope, depth)
      case 'break':
      case 'continue':
        return [{ kind: 'jump', at: node.at }]
      case 'end':
      case 'else':
        return []
    }
  }

  function actionParts({ at, pipe }: ActionNode, scope: Scope, depth: number): readonly Part[] {
    const value = pipeValue(pipe, scope)
    if (pipe.variables.length > 0) {
      for (const variable of pipe.variables) scope.variables.set(variable.name, known(variable.name, value))
      return []
    }
    if (isSilent(value)) return []
    const [name, dot] = value.kind === 'call' && value.name === 'executeTemplate' ? value.args : []
    if (name?.kind === 'text') return inlined(name.text, dot ?? text('nil'), at, depth)
    return [{ kind: 'hole', at, value }]
  }

  function branchPart(node: BranchNode, outer: Scope, depth: number): Part {
    const { kind, at, pipe } = node
    const value = pipeValue(pipe, outer)
    const scope = { dot: outer.dot, variables: new Map(outer.variables) }
    const [first, second] = pipe.variables
    if (kind !== 'range') {
      if (first !== undefined) scope.variables.set(first.name, known(first.name, value))
    } else if (first !== undefined) {
      const one = second ?? first
      if (second !== undefined) scope.variables.set(first.name, known(first.name, key(value)))
      scope.variables.set(one.name, known(one.name, item(value)))
    }
    const dot = kind === 'if' ? scope.dot : kind === 'with' ? value : item(value)
    const inside = { dot, variables: new Map(scope.variables) }
    const how = kind === 'range' ? 'loop' : kind
    const body = listParts(node.list, inside, depth)
    return { kind: 'branch', how, at, value, body, otherwise: listParts(node.elseList, scope, depth) }
  }

  function templateParts({ at, name, pipe }: TemplateNode, scope: Scope, depth: number): readonly Part[] {
    return inlined(name, pipe === undefined ? text('nil') : pipeValue(pipe, scope), at, depth)
  }

  function inlined(name: string, dot: Value, at: number, depth: number): readonly Part[] {
    const list = templates.get(name)
    if (list === undefined || depth >= DEEPEST) return [{ kind: 'hole', at, value: unsure }]
    return listParts(list, { dot, variables: new Map([['$', dot]]) }, depth + 1)
  }

  /** Of a variable that is set anew somewhere, nobody knows which of its values it has here. */
  function known(name: string, value: Value): Value {
    return assigned.has(name) ? unsure : value
  }

  const root = view('$')
  return listParts(templates.get(name), { dot: root, variables: new Map([['$', root]]) }, 0)
}

function pipeValue({ commands }: PipeNode, scope: Scope): Value {
  let value: Value | undefined
  for (const command of commands) value = commandValue(command, value, scope)
  return value ?? unsure
}

/** The result of the command before it is the last argument of a command. */
function commandValue({ args: [head, ...rest] }: CommandNode, before: Value | undefined, scope: Scope): Value {
  const args = [...rest.map(arg => operandValue(arg, scope)), ...(before === undefined ? [] : [before])]
  if (head === undefined) return unsure
  if (head.kind === 'identifier') return call(head.name, ...args)
  const value = operandValue(head, scope)
  return args.length === 0 ? value : call('method', value, ...args)
}

function operandValue(node: OperandNode, scope: Scope): Value {
  switch (node.kind) {
    case 'pipe':
      return pipeValue(node, scope)
    case 'identifier':
      return call(node.name)
    case 'variable':
      return field(scope.variables.get(node.name) ?? unsure, ...node.path)
    case 'field':
      return field(scope.dot, ...node.path)
    case 'chain':
      return field(operandValue(node.node, scope), ...node.path)
    case 'number':
      return text(node.literal.text)
    case 'string':
      return text(node.text)
    case 'bool':
      return text(String(node.value))
    case 'dot':
      return scope.dot
    case 'nil':
      return text('nil')
  }
}

/** `scratch.MapSet` and its like print nothing. */
function isSilent(value: Value): boolean {
  const called = value.kind === 'call' && value.name === 'method' ? value.args[0] : value
  return called?.kind === 'field' && /^(Map)?SetX?$|^MapSetX?$/.test(called.name)
}

function assignedIn(list: ListNode): string[] {
  return list.nodes.flatMap(node => {
    switch (node.kind) {
      case 'action':
        return assignedBy(node.pipe)
      case 'if':
      case 'with':
      case 'range':
        return [
          ...assignedBy(node.pipe),
          ...assignedIn(node.list),
          ...(node.elseList === undefined ? [] : assignedIn(node.elseList)),
        ]
      default:
        return []
    }
  })
}

function assignedBy({ isAssign, variables }: PipeNode): string[] {
  return isAssign ? variables.map(({ name }) => name) : []
}
