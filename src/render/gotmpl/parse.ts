import { builtins } from './builtins.ts'
import type { Delimiters, Item } from './items.ts'
import { Lexer } from './lex.ts'
import { LookAhead } from './look-ahead.ts'
import { type BranchNode, type EndNode, type ListNode, type Node, nodeText } from './nodes.ts'
import { Operands } from './operands.ts'
import { quote, unquote } from './quote.ts'

export interface ParseOptions extends Partial<Delimiters> {
  /** How errors call the template. */
  readonly name: string
  /** What a template may call, beside the builtins. */
  readonly functions: { has(name: string): boolean }
}

/** All templates of one source, by name; the source itself is one of them, unless there is nothing in it. */
export interface Parsed {
  readonly name: string
  readonly source: string
  readonly templates: ReadonlyMap<string, ListNode>
}

/** Throws a TemplateError in Go's words. */
export function parse(source: string, options: ParseOptions): Parsed {
  const { name, functions } = options
  const templates = new Map<string, ListNode>()
  const lexer = new Lexer(source, { left: options.left || '{{', right: options.right || '}}' })
  new Parser({ name, lexer, nesting: { depth: 0 }, functions: known(functions), templates }).parse()
  return { name, source, templates }
}

function known(functions: ParseOptions['functions']): ParseOptions['functions'] {
  return { has: name => functions.has(name) || builtins.has(name) }
}

interface Shared {
  readonly name: string // of the source
  readonly lexer: Lexer
  readonly nesting: { depth: number }
  readonly functions: ParseOptions['functions']
  readonly templates: Map<string, ListNode>
}

/** One template of a source. As in Go: each has its own look-ahead on the lexer that they share, and its own variables. */
class Parser {
  readonly #shared: Shared
  readonly #items: LookAhead
  readonly #operands: Operands
  #ranges = 0

  constructor(shared: Shared) {
    this.#shared = shared
    this.#items = new LookAhead(shared.name, shared.lexer, shared.nesting)
    this.#operands = new Operands(this.#items, shared.functions)
  }

  /** The whole source. */
  parse(): void {
    const root = listAt(this.#items.peek().at)
    while (this.#items.peek().kind !== 'eof') {
      if (this.#items.peek().kind === 'leftDelim') {
        const delimiter = this.#items.next()
        if (this.#items.nextNonSpace().kind === 'define') {
          new Parser(this.#shared).#definition()
          continue
        }
        this.#items.backup()
        this.#items.pushBack(delimiter)
      }
      const node = this.#textOrAction()
      if (node.kind === 'end' || node.kind === 'else') this.#items.fail(`unexpected ${nodeText(node)}`)
      root.nodes.push(node)
    }
    this.#add(this.#shared.name, root)
  }

  #definition(): void {
    const name = this.#items.nextNonSpace()
    if (name.kind !== 'string' && name.kind !== 'rawString') this.#items.unexpected(name, 'define clause')
    const unquoted = this.#items.or(() => unquote(name.text))
    this.#items.expect('rightDelim', 'define clause')
    const { list, end } = this.#list()
    if (end.kind !== 'end') this.#items.fail(`unexpected ${nodeText(end)} in define clause`)
    this.#add(unquoted, list)
  }

  /** A template of blanks only does not replace another one, and is replaced by any. */
  #add(name: string, root: ListNode): void {
    const known = this.#shared.templates.get(name)
    if (known === undefined || isEmpty(known)) this.#shared.templates.set(name, root)
    else if (!isEmpty(root)) this.#items.fail(`template: multiple definition of template ${quote(name)}`)
  }

  #list(): { list: ListNode; end: EndNode } {
    const list = listAt(this.#items.peekNonSpace().at)
    while (this.#items.peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction()
      if (node.kind === 'end' || node.kind === 'else') return { list, end: node }
      list.nodes.push(node)
    }
    return this.#items.fail('unexpected EOF')
  }

  #textOrAction(): Node {
    const item = this.#items.nextNonSpace()
    if (item.kind === 'text') return { kind: 'text', at: item.at, text: item.text }
    if (item.kind !== 'leftDelim') return this.#items.unexpected(item, 'input')
    this.#items.actionLine = item.line
    const node = this.#action()
    this.#items.actionLine = 0
    return node
  }

  #action(): Node {
    const item = this.#items.nextNonSpace()
    switch (item.kind) {
      case 'block':
        return this.#block()
      case 'break':
      case 'continue':
        return this.#jump(item, item.kind)
      case 'else':
        return this.#else()
      case 'end':
        return { kind: 'end', at: this.#items.expect('rightDelim', 'end').at }
      case 'if':
      case 'range':
      case 'with':
        return this.#branch(item.kind)
      case 'template':
        return this.#template()
    }
    this.#items.backup()
    const { at } = this.#items.peek()
    return { kind: 'action', at, pipe: this.#operands.pipeline('command', 'rightDelim') }
  }

  #jump({ at }: Item, kind: 'break' | 'continue'): Node {
    const item = this.#items.nextNonSpace()
    if (item.kind !== 'rightDelim') this.#items.unexpected(item, `{{${kind}}}`)
    if (this.#ranges === 0) this.#items.fail(`{{${kind}}} outside {{range}}`)
    return { kind, at }
  }

  #else(): Node {
    const { kind, at } = this.#items.peekNonSpace()
    // `{{else if` and `{{else with`: the word is left for #branch.
    if (kind === 'if' || kind === 'with') return { kind: 'else', at }
    return { kind: 'else', at: this.#items.expect('rightDelim', 'else').at }
  }

  #branch(kind: 'if' | 'range' | 'with'): BranchNode {
    this.#items.enter()
    const known = this.#operands.variables.length
    const pipe = this.#operands.pipeline(kind, 'rightDelim')
    if (kind === 'range') this.#ranges++
    const { list, end } = this.#list()
    if (kind === 'range') this.#ranges--
    const elseList = end.kind === 'else' ? this.#elseList(kind, end) : undefined
    this.#operands.variables.length = known
    this.#items.leave()
    return { kind, at: pipe.at, pipe, list, elseList }
  }

  #elseList(kind: 'if' | 'range' | 'with', { at }: EndNode): ListNode {
    if ((kind === 'if' || kind === 'with') && this.#items.peek().kind === kind) {
      this.#items.next()
      return { kind: 'list', at, nodes: [this.#branch(kind)] }
    }
    const { list, end } = this.#list()
    if (end.kind !== 'end') this.#items.fail(`expected end; found ${nodeText(end)}`)
    return list
  }

  #block(): Node {
    const item = this.#items.nextNonSpace()
    const name = this.#templateName(item, 'block clause')
    const pipe = this.#operands.pipeline('block clause', 'rightDelim')
    this.#items.enter()
    const block = new Parser(this.#shared)
    const { list, end } = block.#list()
    this.#items.leave()
    if (end.kind !== 'end') this.#items.fail(`unexpected ${nodeText(end)} in block clause`)
    block.#add(name, list)
    return { kind: 'template', at: item.at, name, pipe }
  }

  #template(): Node {
    const item = this.#items.nextNonSpace()
    const name = this.#templateName(item, 'template clause')
    if (this.#items.nextNonSpace().kind === 'rightDelim')
      return { kind: 'template', at: item.at, name, pipe: undefined }
    this.#items.backup()
    return { kind: 'template', at: item.at, name, pipe: this.#operands.pipeline('template clause', 'rightDelim') }
  }

  #templateName(item: Item, context: string): string {
    if (item.kind !== 'string' && item.kind !== 'rawString') return this.#items.unexpected(item, context)
    return this.#items.or(() => unquote(item.text))
  }
}

function listAt(at: number): ListNode {
  return { kind: 'list', at, nodes: [] }
}

function isEmpty(list: ListNode): boolean {
  return list.nodes.every(node => node.kind === 'text' && /^(?:(?!\ufeff)[\s\x85])*$/.test(node.text))
}
