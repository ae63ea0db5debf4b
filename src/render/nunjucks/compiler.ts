import { BaseCompiler, type Compiler, type FilterNode, type Frame, type LookupNode, type Node, type TestNode } from './internals.ts'

/**
 * nunjucks' compiler, with a position and strictness in every lookup. Its own `throwOnUndefined` looks only
 * at what is printed: `for`, `if`, filters and `~` take undefined for empty.
 */
export class StrictCompiler extends (BaseCompiler as new (name: string, throwOnUndefined: boolean) => Compiler) {
  #lenient = false

  override compileSymbol(node: Node, frame: Frame): void {
    const local = frame.lookup(String(node.value))
    if (local) this._emit(String(local))
    else this._emit(`runtime.lookup(context, frame, ${JSON.stringify(node.value)}, ${this.#place(node)})`)
  }

  override compileLookupVal(node: LookupNode, frame: Frame): void {
    this._emit('runtime.member((')
    this._compileExpression(node.target, frame)
    this._emit('), ')
    this.#strictly(() => this._compileExpression(node.val, frame))
    this._emit(`, ${JSON.stringify(pathOf(node.target))}, ${this.#place(node.val)})`)
  }

  /** `x is defined` asks; it must not throw. */
  override compileIs(node: TestNode, frame: Frame): void {
    const test = String((node.right.name ?? node.right).value)
    if (test === 'defined' || test === 'undefined') this.#leniently(() => super.compileIs(node, frame))
    else super.compileIs(node, frame)
  }

  /** `x | default(…)` says what undefined means. */
  override compileFilter(node: FilterNode, frame: Frame): void {
    if (node.name.value === 'default' || node.name.value === 'd') this.#leniently(() => super.compileFilter(node, frame))
    else super.compileFilter(node, frame)
  }

  #place(node: Node): string {
    return `${node.lineno + 1}, ${node.colno + 1}, ${!this.#lenient}`
  }

  #leniently(emit: () => void): void {
    const before = this.#lenient
    this.#lenient = true
    emit()
    this.#lenient = before
  }

  #strictly(emit: () => void): void {
    const before = this.#lenient
    this.#lenient = false
    emit()
    this.#lenient = before
  }
}

/** `site.meta` for messages, as far as it can be read off the text. */
function pathOf(node: Node): string {
  if (node.typename === 'Symbol' || node.typename === 'Literal') return String(node.value)
  if (node.typename !== 'LookupVal') return '(…)'

  const { target, val } = node as LookupNode
  return `${pathOf(target)}.${pathOf(val)}`
}
