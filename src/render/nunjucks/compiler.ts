import {
  BaseCompiler,
  type Compiler,
  type FilterNode,
  type Frame,
  type LookupNode,
  type Node,
  type PairNode,
  type TestNode,
} from './internals.ts'

/**
 * nunjucks' compiler, with a position and strictness in every lookup. Its own `throwOnUndefined` looks only
 * at what is printed: `for`, `if`, filters and `~` take undefined for empty.
 */
export class StrictCompiler extends (BaseCompiler as new (name: string, throwOnUndefined: boolean) => Compiler) {
  /** What a template asks for with `is defined` or `default`: there, undefined is an answer. */
  readonly #asked = new WeakSet<Node>()

  override compileSymbol(node: Node, frame: Frame): void {
    const local = frame.lookup(String(node.value))
    if (local) this._emit(String(local))
    else this._emit(`runtime.lookup(context, frame, ${JSON.stringify(node.value)}, ${this.#place(node, node)})`)
  }

  override compileLookupVal(node: LookupNode, frame: Frame): void {
    if (this.#asked.has(node)) this.#ask(node.target)
    this._emit('runtime.member((')
    this._compileExpression(node.target, frame)
    this._emit('), ')
    this._compileExpression(node.val, frame)
    this._emit(`, ${JSON.stringify(pathOf(node.target))}, ${this.#place(node.val, node)})`)
  }

  override compileConcat(node: PairNode, frame: Frame): void {
    this.#call('concat', node, frame)
  }

  override compileAdd(node: PairNode, frame: Frame): void {
    this.#call('add', node, frame)
  }

  override compileCapture(node: Node, frame: Frame): void {
    this._emit('runtime.captured(')
    super.compileCapture(node, frame)
    this._emit(')')
  }

  /** `x is defined` asks; it must not throw. */
  override compileIs(node: TestNode, frame: Frame): void {
    const test = String((node.right.name ?? node.right).value)
    if (test === 'defined' || test === 'undefined') this.#ask(node.left)
    super.compileIs(node, frame)
  }

  /** `x | default(…)` says what undefined means. */
  override compileFilter(node: FilterNode, frame: Frame): void {
    const name = JSON.stringify(node.name.value)
    if (node.name.value === 'default' || node.name.value === 'd') this.#ask(node.args.children[0])
    this._emit(`runtime.filter(${name}, env.getFilter(${name}), context, `)
    this._compileAggregate(node.args, frame, '[', ']')
    this._emit(')')
  }

  #call(name: 'concat' | 'add', { left, right }: PairNode, frame: Frame): void {
    this._emit(`runtime.${name}(`)
    this.compile(left, frame)
    this._emit(', ')
    this.compile(right, frame)
    this._emit(')')
  }

  /** A name or a path of names; what else a template computes is as strict as anywhere. */
  #ask(node: Node | undefined): void {
    if (node?.typename === 'Group') this.#ask(node.children?.[0])
    else if (node !== undefined) this.#asked.add(node)
  }

  #place(position: Node, node: Node): string {
    return `${position.lineno + 1}, ${position.colno + 1}, ${!this.#asked.has(node)}`
  }
}

/** `site.meta` for messages, as far as it can be read off the text. */
function pathOf(node: Node): string {
  if (node.typename === 'Symbol' || node.typename === 'Literal') return String(node.value)
  if (node.typename !== 'LookupVal') return '(…)'

  const { target, val } = node as LookupNode
  return `${pathOf(target)}.${pathOf(val)}`
}
