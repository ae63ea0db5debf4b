import { fieldOf, type MissingKey, methodOf } from './access.ts'
import { ANY, assigned, canBeNil, REFLECT, zeroOf } from './assign.ts'
import { builtins, callValue } from './builtins.ts'
import { constantFor, idealOf } from './constant.ts'
import { isTrue, stringOf } from './kinds.ts'
import type {
  AnyNode,
  ChainNode,
  CommandNode,
  FieldNode,
  IdentifierNode,
  OperandNode,
  PipeNode,
  VariableNode,
} from './nodes.ts'
import { nodeText } from './nodes.ts'
import { quote } from './quote.ts'
import { type Holder, Scope } from './scope.ts'
import {
  type CallContext,
  elementType,
  type Func,
  GoError,
  GoMap,
  Nil,
  NO_VALUE,
  typeOf,
  type Value,
} from './values.ts'

export interface Surroundings {
  readonly functions: ReadonlyMap<string, Func>
  readonly missingKey: MissingKey
  readonly calls: CallContext
  /** Told of every struct and map that is looked into. */
  readonly touched?: ((receiver: Value) => void) | undefined
  /** Throws what the template fails with. */
  fail(node: AnyNode, message: string, cause?: unknown): never
}

/** A value that is piped into a command becomes its last argument; undefined where there is none. */
type Piped = Value | undefined

/**
 * Evaluates what stands in an action. As in Go, `node` is what was looked at last: that is where an error happened, even
 * where the fault lies elsewhere.
 */
export class Evaluator {
  readonly #around: Surroundings
  readonly scope: Scope
  node: AnyNode
  dot: Value
  dotHolder: Holder
  #holder: Holder

  constructor(around: Surroundings, node: AnyNode, dot: Value) {
    this.#around = around
    this.node = node
    this.dot = dot
    this.scope = new Scope(dot)
  }

  fail(message: string, cause?: unknown): never {
    return this.#around.fail(this.node, message, cause)
  }

  pipeline(pipe: PipeNode): Value {
    this.node = pipe
    let value: Piped
    for (const command of pipe.commands) {
      value = this.#command(command, value)
      if (value === null) value = NO_VALUE
    }
    for (const { name } of pipe.variables) {
      if (pipe.isAssign) this.assign(name, value ?? NO_VALUE, undefined)
      else this.scope.push(name, value ?? NO_VALUE)
    }
    return value ?? NO_VALUE
  }

  assign(name: string, value: Value, holder: Holder): void {
    if (!this.scope.set(name, value, holder)) this.fail(`undefined variable: ${name}`)
  }

  #command(command: CommandNode, piped: Piped): Value {
    const { args } = command
    const first = args[0] as OperandNode
    switch (first.kind) {
      case 'field':
        return this.#field(first, args, piped)
      case 'chain':
        return this.#chain(first, args, piped)
      case 'identifier':
        return this.#function(first, command, args, piped)
      case 'pipe':
        this.#expectNoArguments(args, piped)
        return this.pipeline(first)
      case 'variable':
        return this.#variable(first, args, piped)
    }
    this.node = first
    this.#expectNoArguments(args, piped)
    switch (first.kind) {
      case 'bool':
        return first.value
      case 'dot':
        return this.dot
      case 'nil':
        return this.fail('nil is not a command')
      case 'number':
        return this.#orFail(() => idealOf(first.literal))
      case 'string':
        return first.text
    }
  }

  #expectNoArguments(args: readonly OperandNode[], piped: Piped): void {
    if (args.length > 1 || piped !== undefined) {
      this.fail(`can't give argument to non-function ${nodeText(args[0] as OperandNode)}`)
    }
  }

  #field(node: FieldNode, args: readonly OperandNode[], piped: Piped): Value {
    this.node = node
    this.#holder = this.dotHolder
    return this.#path(this.dot, node.path, node, args, piped)
  }

  #chain(node: ChainNode, args: readonly OperandNode[], piped: Piped): Value {
    this.node = node
    if (node.node.kind === 'nil') this.fail(`indirection through explicit nil in ${nodeText(node)}`)
    const receiver = this.#argument(REFLECT, node.node)
    return this.#path(receiver, node.path, node, args, piped)
  }

  #variable(node: VariableNode, args: readonly OperandNode[], piped: Piped): Value {
    this.node = node
    const found = this.scope.get(node.name)
    if (found === undefined) return this.fail(`undefined variable: ${node.name}`)
    this.#holder = found.holder
    if (node.path.length === 0) {
      this.#expectNoArguments(args, piped)
      return found.value
    }
    return this.#path(found.value, node.path, node, args, piped)
  }

  /** `.a.b.c`: only the last one may be a method that takes arguments. */
  #path(from: Value, path: readonly string[], node: AnyNode, args: readonly OperandNode[], piped: Piped): Value {
    let receiver = from
    const last = path.length - 1
    for (let at = 0; at < last; at++) receiver = this.#member(receiver, path[at] as string, node, [], undefined)
    return this.#member(receiver, path[last] as string, node, args, piped)
  }

  #member(receiver: Value, name: string, node: AnyNode, args: readonly OperandNode[], piped: Piped): Value {
    if (receiver === NO_VALUE) {
      if (this.#around.missingKey === 'error') this.fail(`nil data; no entry for key ${quote(name)}`)
      return NO_VALUE
    }
    this.#around.touched?.(receiver)
    if (receiver === null) return this.fail(`nil pointer evaluating interface {}.${name}`)
    const method = methodOf(receiver, name)
    if (method !== undefined) {
      this.#holder = undefined
      return this.#call(method, node, name, args, piped)
    }
    const hasArgs = args.length > 1 || piped !== undefined
    const value = this.#orFail(() => fieldOf(receiver, name, hasArgs, this.#around.missingKey))
    if (value === undefined) {
      const type = this.#isInInterface() ? ANY : typeOf(receiver)
      const isNil = receiver instanceof Nil && receiver.type.startsWith('*')
      this.fail(isNil ? `nil pointer evaluating ${type}.${name}` : `can't evaluate field ${name} in type ${type}`)
    }
    this.#holder = receiver instanceof GoMap ? receiver : undefined
    return value
  }

  /** Has the place where the last value lay the type `interface {}`? */
  #isInInterface(): boolean {
    return this.#holder !== undefined && elementType(this.#holder.type) === ANY
  }

  #function(node: IdentifierNode, context: AnyNode, args: readonly OperandNode[], piped: Piped): Value {
    this.node = node
    const { name } = node
    const func = this.#around.functions.get(name) ?? builtins.get(name)
    if (func === undefined) return this.fail(`"${name}" is not a defined function`)
    return this.#call(func, context, name, args, piped, builtins.has(name))
  }

  /** `args` begins with what is called. */
  #call(func: Func, node: AnyNode, name: string, args: readonly OperandNode[], piped: Piped, isBuiltin = false): Value {
    const { params, fixed, rest: more } = func
    const written = Math.max(args.length - 1, 0)
    const given = written + (piped === undefined ? 0 : 1)
    if (more !== undefined && given < fixed) {
      this.fail(`wrong number of args for ${name}: want at least ${fixed} got ${written}`)
    }
    if (more === undefined && given !== fixed) this.fail(`wrong number of args for ${name}: want ${fixed} got ${given}`)
    if (isBuiltin && (name === 'and' || name === 'or')) return this.#shortCircuit(name === 'or', args, piped)

    const values: Value[] = []
    for (let at = 0; at < written; at++) {
      const type = at < fixed ? params[at] : more
      const value = this.#argument(type as string, args[at + 1] as OperandNode)
      // As in Go: of all builtins, `slice` alone does not look into an interface for its indexes.
      const isHidden = isBuiltin && name === 'slice' && at > 0 && value !== NO_VALUE && this.#isInInterface()
      values.push(isHidden ? new Nil(ANY) : value)
    }
    if (piped !== undefined) {
      const type = given - 1 < fixed ? params[given - 1] : more
      values.push(this.#checked(piped, type as string))
    }
    const { calls } = this.#around
    try {
      if (!isBuiltin || name !== 'call') return func.call(values, calls)
      const [called = null, ...rest] = values
      return callValue(args[1] === undefined ? stringOf(called) : nodeText(args[1]), called, rest, calls)
    } catch (error) {
      if (!(error instanceof GoError)) throw error
      this.node = node
      return this.fail(`error calling ${name}: ${error.message}`, error)
    }
  }

  #shortCircuit(isOr: boolean, args: readonly OperandNode[], piped: Piped): Value {
    let value: Value = NO_VALUE
    for (const arg of args.slice(1)) {
      value = this.#argument(REFLECT, arg)
      if (isTrue(value) === isOr) return value
    }
    return piped === undefined ? value : piped
  }

  #argument(type: string, node: OperandNode): Value {
    this.node = node
    this.#holder = node.kind === 'dot' ? this.dotHolder : undefined
    switch (node.kind) {
      case 'dot':
        return this.#checked(this.dot, type)
      case 'nil':
        if (!canBeNil(type)) this.fail(`cannot assign nil to ${type}`)
        return zeroOf(type) ?? null
      case 'field':
        return this.#checked(this.#field(node, [], undefined), type)
      case 'variable':
        return this.#checked(this.#variable(node, [], undefined), type)
      case 'pipe':
        return this.#checked(this.#parenthesized(node), type)
      case 'identifier':
        return this.#checked(this.#function(node, node, [], undefined), type)
      case 'chain':
        return this.#checked(this.#chain(node, [], undefined), type)
    }
    return this.#orFail(() => constantFor(type, node))
  }

  #parenthesized(pipe: PipeNode): Value {
    const value = this.pipeline(pipe)
    this.#holder = undefined
    return value
  }

  /** Go's validateType: the value, when it can be given for this type. */
  #checked(value: Value, type: string): Value {
    const fitting = assigned(value, type)
    if (fitting !== undefined) return fitting
    if (value === NO_VALUE) {
      if (!canBeNil(type)) this.fail(`invalid value; expected ${type}`)
      return zeroOf(type) ?? null
    }
    if (value instanceof Nil && value.type === `*${type}`) this.fail(`dereference of nil pointer of type ${type}`)
    return this.fail(`wrong type for value; expected ${type}; got ${value === null ? ANY : typeOf(value)}`)
  }

  #orFail<T>(make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (error instanceof GoError) return this.fail(error.message)
      throw error
    }
  }
}
