import type { Item, ItemKind } from './items.ts'
import type { LookAhead } from './look-ahead.ts'
import { type CommandNode, nodeText, type OperandNode, type PipeNode, type VariableNode } from './nodes.ts'
import { characterLiteral, complexLiteral, numberLiteral } from './number.ts'
import { quote, unquote } from './quote.ts'

/** Reads what stands inside an action: `$x := term.Field term | term`. */
export class Operands {
  readonly #items: LookAhead
  readonly #functions: { has(name: string): boolean }
  /** Those that are known here, the nearest last. */
  readonly variables = ['$']

  constructor(items: LookAhead, functions: { has(name: string): boolean }) {
    this.#items = items
    this.#functions = functions
  }

  pipeline(context: string, end: ItemKind): PipeNode {
    const pipe: PipeNode = {
      kind: 'pipe',
      at: this.#items.peekNonSpace().at,
      isAssign: false,
      variables: [],
      commands: [],
    }
    this.#declarations(pipe, context)
    for (;;) {
      const item = this.#items.nextNonSpace()
      if (item.kind === end) break
      if (!startsOperand.has(item.kind)) this.#items.unexpected(item, context)
      this.#items.backup()
      pipe.commands.push(this.#command())
    }
    if (pipe.commands.length === 0) this.#items.fail(`missing value for ${context}`)
    for (const [position, command] of pipe.commands.entries()) {
      if (position > 0 && constants.has(command.args[0]?.kind ?? '')) {
        this.#items.fail(`non executable command in pipeline stage ${position + 1}`)
      }
    }
    return pipe
  }

  /** `$x :=`, `$x =` or, in a range, `$i, $e :=`. What comes behind a variable may need three items to be known. */
  #declarations(pipe: PipeNode, context: string): void {
    for (;;) {
      const variable = this.#items.peekNonSpace()
      if (variable.kind !== 'variable') return
      this.#items.next()
      const behind = this.#items.peek()
      const next = this.#items.peekNonSpace()
      if (next.kind === 'assign' || next.kind === 'declare') {
        pipe.isAssign = next.kind === 'assign'
        this.#items.nextNonSpace()
        this.#declare(pipe, variable)
        return
      }
      if (next.kind !== 'char' || next.text !== ',') {
        if (behind.kind === 'space') this.#items.pushBack(behind)
        this.#items.pushBack(variable)
        return
      }
      this.#items.nextNonSpace()
      this.#declare(pipe, variable)
      if (context !== 'range' || pipe.variables.length >= 2) this.#items.fail(`too many declarations in ${context}`)
      const after = this.#items.peekNonSpace().kind
      if (after !== 'variable' && after !== 'rightDelim' && after !== 'rightParen') {
        this.#items.fail('range can only initialize variables')
      }
    }
  }

  #declare(pipe: PipeNode, { at, text }: Item): void {
    pipe.variables.push(variableAt(at, text))
    this.variables.push(text)
  }

  #command(): CommandNode {
    const command: CommandNode = { kind: 'command', at: this.#items.peekNonSpace().at, args: [] }
    for (;;) {
      this.#items.peekNonSpace()
      const operand = this.#operand()
      if (operand !== undefined) command.args.push(operand)
      const item = this.#items.next()
      if (item.kind === 'space') continue
      if (item.kind === 'rightDelim' || item.kind === 'rightParen') this.#items.backup()
      else if (item.kind !== 'pipe') this.#items.unexpected(item, 'operand')
      break
    }
    if (command.args.length === 0) this.#items.fail('empty command')
    return command
  }

  /** A term, perhaps with fields behind it. */
  #operand(): OperandNode | undefined {
    const node = this.#term()
    if (node === undefined || this.#items.peek().kind !== 'field') return node
    const { at } = this.#items.peek()
    const path: string[] = []
    while (this.#items.peek().kind === 'field') path.push(this.#items.next().text.slice(1))
    if (node.kind === 'field') return { kind: 'field', at, path: [...node.path, ...path] }
    if (node.kind === 'variable') return { ...node, at, path: [...node.path, ...path] }
    if (constants.has(node.kind)) this.#items.fail(`unexpected . after term ${quote(nodeText(node))}`)
    return { kind: 'chain', at, node, path }
  }

  #term(): OperandNode | undefined {
    const item = this.#items.nextNonSpace()
    const { at, text } = item
    switch (item.kind) {
      case 'identifier':
        if (!this.#functions.has(text)) this.#items.fail(`function ${quote(text)} not defined`)
        return { kind: 'identifier', at, name: text }
      case 'dot':
      case 'nil':
        return { kind: item.kind, at }
      case 'variable':
        if (!this.variables.includes(text)) this.#items.fail(`undefined variable ${quote(text)}`)
        return variableAt(at, text)
      case 'field':
        return { kind: 'field', at, path: [text.slice(1)] }
      case 'bool':
        return { kind: 'bool', at, value: text === 'true' }
      case 'charConstant':
        return { kind: 'number', at, literal: this.#items.or(() => characterLiteral(text)) }
      case 'complex':
        return { kind: 'number', at, literal: this.#items.or(() => complexLiteral(text)) }
      case 'number':
        return { kind: 'number', at, literal: this.#items.or(() => numberLiteral(text)) }
      case 'leftParen':
        return this.#parenthesized()
      case 'string':
      case 'rawString':
        return { kind: 'string', at, quoted: text, text: this.#items.or(() => unquote(text)) }
    }
    this.#items.backup()
    return undefined
  }

  #parenthesized(): PipeNode {
    this.#items.enter()
    const pipe = this.pipeline('parenthesized pipeline', 'rightParen')
    this.#items.leave()
    return pipe
  }
}

const constants: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string'])
const startsOperand: ReadonlySet<ItemKind> = new Set<ItemKind>([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
])

function variableAt(at: number, name: string): VariableNode {
  return { kind: 'variable', at, name, path: [] }
}
