import type { MissingKey } from './access.ts'
import { Budget, type Limits } from './budget.ts'
import { joined } from './bytes.ts'
import { Evaluator, type Surroundings } from './evaluate.ts'
import { isTrue } from './kinds.ts'
import { type BranchNode, type ListNode, type Node, nodeText, type PipeNode, type TemplateNode } from './nodes.ts'
import type { Parsed } from './parse.ts'
import { Printer, printable } from './print.ts'
import { quote } from './quote.ts'
import { visitEach } from './range.ts'
import type { Holder } from './scope.ts'
import { failure } from './source.ts'
import { BudgetError } from './template-error.ts'
import { type Func, GoError, NO_VALUE, Num, typeOf, type Value } from './values.ts'

export interface ExecuteOptions {
  readonly functions: ReadonlyMap<string, Func>
  readonly missingKey: MissingKey
  readonly budget: Limits
  /** Told of every value that is printed, and where its text stands: offsets into what `execute` returns. */
  readonly printed?: (start: number, end: number, text: string) => void
  /** Told of every struct and map that is looked into. */
  readonly touched?: (receiver: Value) => void
}

/**
 * Runs the template of the parsed source's own name. The result is a Go string (bytes.ts); for who is told what is
 * `printed`, a character that was written in pieces is none yet. Throws a TemplateError in Go's words, or a BudgetError.
 */
export function execute(parsed: Parsed, data: Value, options: ExecuteOptions): string {
  return new Execution(parsed, options, new Budget(options.budget)).run(parsed.name, data, options.printed)
}

type Jump = 'break' | 'continue' | undefined

class Execution {
  readonly #parsed: Parsed
  readonly #budget: Budget
  readonly #printer: Printer
  readonly #around: Surroundings
  #printed: ExecuteOptions['printed']
  #out = ''
  // Of the template that runs, which may be one that another one calls:
  #running = ''
  #depth = 0
  #called: TemplateNode | undefined
  #evaluator: Evaluator

  constructor(parsed: Parsed, options: ExecuteOptions, budget: Budget) {
    this.#parsed = parsed
    this.#budget = budget
    this.#printer = new Printer(budget.charge)
    this.#around = {
      functions: options.functions,
      missingKey: options.missingKey,
      calls: {
        charge: budget.charge,
        execute: (name, data) => new Execution(parsed, options, budget).run(name, data, undefined),
      },
      touched: options.touched,
      fail: (node, message, cause) => {
        throw failure(parsed, this.#running, node, message, cause)
      },
    }
    this.#evaluator = new Evaluator(this.#around, { kind: 'dot', at: 0 }, null)
  }

  run(name: string, data: Value, printed: ExecuteOptions['printed']): string {
    const root = this.#parsed.templates.get(name)
    if (root === undefined) {
      throw new GoError(`template: no template ${quote(name)} associated with template ${quote(this.#parsed.name)}`)
    }
    this.#printed = printed
    try {
      this.#call(name, root, data ?? NO_VALUE)
    } catch (error) {
      throw this.#explained(error)
    }
    return printed === undefined ? joined(this.#out) : this.#out
  }

  #call(name: string, root: ListNode, data: Value): void {
    const [caller, running] = [this.#evaluator, this.#running]
    this.#evaluator = new Evaluator(this.#around, root, data)
    this.#running = name
    this.#depth++
    this.#list(root)
    this.#depth--
    this.#running = running
    this.#evaluator = caller
  }

  #list({ nodes }: ListNode): Jump {
    for (const node of nodes) {
      const jump = this.#node(node)
      if (jump !== undefined) return jump
    }
    return undefined
  }

  #node(node: Node): Jump {
    this.#budget.step()
    this.#evaluator.node = node
    switch (node.kind) {
      case 'text':
        this.#budget.write(node.text.length)
        this.#out += node.text
        return undefined
      case 'action': {
        const value = this.#evaluator.pipeline(node.pipe)
        if (node.pipe.variables.length === 0) this.#print(node, value)
        return undefined
      }
      case 'if':
      case 'with':
        return this.#branch(node)
      case 'range':
        return this.#range(node)
      case 'template':
        this.#template(node)
        return undefined
      case 'break':
      case 'continue':
        return node.kind
      case 'end':
      case 'else':
        return undefined // the parser leaves none
    }
  }

  #print(node: Node, value: Value): void {
    this.#evaluator.node = node
    const shown = printable(value)
    if (shown === undefined) this.#evaluator.fail(`can't print ${nodeText(node)} of type ${typeOf(value)}`)
    const text = typeof shown === 'string' ? shown : this.#printer.arg(shown, 'v')
    this.#budget.write(text.length)
    const start = this.#out.length
    this.#out += text
    this.#printed?.(start, this.#out.length, text)
  }

  #branch({ kind, pipe, list, elseList }: BranchNode): Jump {
    const evaluator = this.#evaluator
    const known = evaluator.scope.size
    const value = evaluator.pipeline(pipe)
    let jump: Jump
    if (!isTrue(value)) jump = elseList === undefined ? undefined : this.#list(elseList)
    else jump = kind === 'with' ? this.#listWith(list, value, undefined) : this.#list(list)
    evaluator.scope.shrink(known)
    return jump
  }

  #listWith(list: ListNode, dot: Value, holder: Holder): Jump {
    const evaluator = this.#evaluator
    const outer = evaluator.dot
    const outerHolder = evaluator.dotHolder
    evaluator.dot = dot
    evaluator.dotHolder = holder
    const jump = this.#list(list)
    evaluator.dot = outer
    evaluator.dotHolder = outerHolder
    return jump
  }

  #range(node: BranchNode): Jump {
    const { scope } = this.#evaluator
    const known = scope.size
    const value = this.#evaluator.pipeline(node.pipe)
    if (isInteger(value) && node.pipe.variables.length > 1) {
      this.#evaluator.fail(`can't use ${this.#shown(value)} to iterate over more than one variable`)
    }
    const inside = scope.size
    const ran = visitEach(value, (element, index, holder) => {
      this.#budget.step()
      this.#setVariables(node.pipe, element, index, holder)
      const jump = this.#listWith(node.list, element, holder)
      scope.shrink(inside)
      return jump !== 'break'
    })
    if (ran === undefined) this.#evaluator.fail(`range can't iterate over ${this.#shown(value)}`)
    const jump = ran || node.elseList === undefined ? undefined : this.#list(node.elseList)
    scope.shrink(known)
    // As in Go: a `break` in the `else` of a range ends this range, not the one around it.
    return jump === 'continue' ? jump : undefined
  }

  #setVariables({ variables, isAssign }: PipeNode, element: Value, index: Value, holder: Holder): void {
    const [first, second] = variables
    const evaluator = this.#evaluator
    if (first === undefined) return
    if (!isAssign) {
      evaluator.scope.setTop(1, element, holder)
      if (second !== undefined) evaluator.scope.setTop(2, index, undefined)
      return
    }
    evaluator.assign(first.name, second === undefined ? element : index, second === undefined ? holder : undefined)
    if (second !== undefined) evaluator.assign(second.name, element, holder)
  }

  #template(node: TemplateNode): void {
    const root = this.#parsed.templates.get(node.name)
    const evaluator: Evaluator = this.#evaluator
    if (root === undefined) evaluator.fail(`template ${quote(node.name)} not defined`)
    const data = node.pipe === undefined ? NO_VALUE : evaluator.pipeline(node.pipe)
    this.#called = node
    this.#call(node.name, root, data)
  }

  #shown(value: Value): string {
    return this.#printer.arg(printable(value) ?? value, 'v')
  }

  /** A budget knows nothing of the template, and JavaScript nothing of Go. */
  #explained(error: unknown): unknown {
    const { node } = this.#evaluator
    if (error instanceof BudgetError && !error.isPlaced) {
      return new BudgetError(failure(this.#parsed, this.#running, node, error.message).message, true)
    }
    if (!(error instanceof RangeError)) return error
    if (!/call stack/.test(error.message)) {
      return new BudgetError(failure(this.#parsed, this.#running, node, error.message).message, true)
    }
    return failure(
      this.#parsed,
      this.#running,
      this.#called ?? node,
      `exceeded maximum template depth (${this.#depth})`,
    )
  }
}

function isInteger(value: Value): boolean {
  return typeof value === 'bigint' || (value instanceof Num && typeof value.value === 'bigint')
}
