import type { Literal } from './number.ts'
import { quote } from './quote.ts'

/** The parsed template. `at` is where a node stands in the source, in UTF-16 units. */
interface Placed {
  readonly at: number
}

export interface ListNode extends Placed {
  readonly kind: 'list'
  readonly nodes: Node[]
}

export interface TextNode extends Placed {
  readonly kind: 'text'
  readonly text: string
}

export interface ActionNode extends Placed {
  readonly kind: 'action'
  readonly pipe: PipeNode
}

export interface BranchNode extends Placed {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: PipeNode
  readonly list: ListNode
  readonly elseList: ListNode | undefined
}

export interface TemplateNode extends Placed {
  readonly kind: 'template'
  readonly name: string
  readonly pipe: PipeNode | undefined
}

export interface JumpNode extends Placed {
  readonly kind: 'break' | 'continue'
}

/** What ends a list; seen by the parser only. */
export interface EndNode extends Placed {
  readonly kind: 'end' | 'else'
}

export type Node = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode | EndNode

export interface PipeNode extends Placed {
  readonly kind: 'pipe'
  isAssign: boolean
  readonly variables: VariableNode[]
  readonly commands: CommandNode[]
}

export interface CommandNode extends Placed {
  readonly kind: 'command'
  readonly args: OperandNode[]
}

export interface IdentifierNode extends Placed {
  readonly kind: 'identifier'
  readonly name: string
}

export interface VariableNode extends Placed {
  readonly kind: 'variable'
  readonly name: string
  readonly path: readonly string[]
}

export interface FieldNode extends Placed {
  readonly kind: 'field'
  readonly path: readonly string[]
}

/** `(pipeline).Field`, `function.Field` */
export interface ChainNode extends Placed {
  readonly kind: 'chain'
  readonly node: OperandNode
  readonly path: readonly string[]
}

export interface NumberNode extends Placed {
  readonly kind: 'number'
  readonly literal: Literal
}

export interface StringNode extends Placed {
  readonly kind: 'string'
  readonly quoted: string
  readonly text: string
}

export interface BoolNode extends Placed {
  readonly kind: 'bool'
  readonly value: boolean
}

export interface WordNode extends Placed {
  readonly kind: 'dot' | 'nil'
}

export type OperandNode =
  | PipeNode
  | IdentifierNode
  | VariableNode
  | FieldNode
  | ChainNode
  | NumberNode
  | StringNode
  | BoolNode
  | WordNode

export type AnyNode = ListNode | Node | CommandNode | OperandNode

/** The node as Go writes it in an error message. */
export function nodeText(node: AnyNode): string {
  switch (node.kind) {
    case 'list':
      return node.nodes.map(nodeText).join('')
    case 'text':
    case 'dot':
    case 'nil':
      return node.kind === 'text' ? node.text : node.kind === 'dot' ? '.' : 'nil'
    case 'action':
      return `{{${nodeText(node.pipe)}}}`
    case 'if':
    case 'with':
    case 'range':
      return branchText(node)
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${nodeText(node.pipe)}`}}}`
    case 'break':
    case 'continue':
    case 'end':
    case 'else':
      return `{{${node.kind}}}`
    case 'pipe':
      return pipeText(node)
    case 'command':
      return node.args.map(arg => (arg.kind === 'pipe' ? `(${nodeText(arg)})` : nodeText(arg))).join(' ')
    case 'identifier':
      return node.name
    case 'variable':
      return [node.name, ...node.path].join('.')
    case 'field':
      return `.${node.path.join('.')}`
    case 'chain':
      return `${node.node.kind === 'pipe' ? `(${nodeText(node.node)})` : nodeText(node.node)}.${node.path.join('.')}`
    case 'number':
      return node.literal.text
    case 'string':
      return node.quoted
    case 'bool':
      return String(node.value)
  }
}

function branchText(node: BranchNode): string {
  const otherwise = node.elseList === undefined ? '' : `{{else}}${nodeText(node.elseList)}`
  return `{{${node.kind} ${nodeText(node.pipe)}}}${nodeText(node.list)}${otherwise}{{end}}`
}

function pipeText(node: PipeNode): string {
  const variables = node.variables.map(nodeText).join(', ')
  const declaration = variables === '' ? '' : `${variables} ${node.isAssign ? '=' : ':='} `
  return declaration + node.commands.map(nodeText).join(' | ')
}
