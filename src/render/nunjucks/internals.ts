// The parts of nunjucks 3.2.4 (pinned) that its published types leave out and strict templates need.
// They are typed here once, so that nothing else in this folder has to guess.
import compilerModule from 'nunjucks/src/compiler.js'
import nodesModule from 'nunjucks/src/nodes.js'
import parserModule from 'nunjucks/src/parser.js'
import runtimeModule from 'nunjucks/src/runtime.js'
import transformerModule from 'nunjucks/src/transformer.js'

export interface Node {
  readonly typename: string
  readonly lineno: number // from 0
  readonly colno: number // from 0
  readonly value?: unknown
  readonly children?: Node[]
  readonly fields: readonly string[] // that hold its parts
  findAll(type: unknown): Node[]
}

export interface LookupNode extends Node {
  readonly target: Node
  readonly val: Node
}

export interface PairNode extends Node {
  readonly left: Node
  readonly right: Node
}

/** Of a dictionary that a template writes; its key is a literal, or a name that stands for itself. */
export interface EntryNode extends Node {
  readonly key: Node
  readonly value: Node
}

export interface TestNode extends Node {
  readonly left: Node
  readonly right: Node & { readonly name?: Node }
}

export interface CallNode extends Node {
  readonly name: Node
  readonly args: Node & { readonly children: readonly Node[] }
}
export type FilterNode = CallNode

export interface ForNode extends Node {
  readonly arr: Node
  readonly name: Node // a symbol, or an array of them
  readonly body: Node
  readonly else_: Node | null
}

export interface IfNode extends Node {
  readonly body: Node
  readonly else_: Node | null
}

export interface SetNode extends Node {
  readonly targets: readonly Node[]
  readonly value: Node | null // null: a block that is captured
}

export interface Frame {
  lookup(name: string): unknown
  topLevel: boolean
}

export type Filter = (this: Scope, ...values: readonly unknown[]) => unknown

export interface Scope {
  lookup(name: string): unknown
}

export interface NunjucksRuntime {
  readonly Frame: new () => Frame
  readonly SafeString: new (text: string) => object
  suppressValue(value: unknown, autoescape: boolean): unknown
  fromIterator(list: unknown): unknown
}

export interface Compiler {
  compile(node: unknown, frame?: Frame): void
  compileSymbol(node: Node, frame: Frame): void
  compileLookupVal(node: LookupNode, frame: Frame): void
  compileIs(node: TestNode, frame: Frame): void
  compileFilter(node: FilterNode, frame: Frame): void
  compileConcat(node: PairNode, frame: Frame): void
  compileAdd(node: PairNode, frame: Frame): void
  compileCapture(node: Node, frame: Frame): void
  getCode(): string
  _emit(code: string): void
  _compileExpression(node: Node, frame: Frame): void
  _compileAggregate(node: object, frame: Frame, open: string, close: string): void
}

export const { Compiler: BaseCompiler } = compilerModule as {
  Compiler: new (name: string, throwOnUndefined: boolean) => Compiler
}
export const parser = parserModule as { parse(text: string, extensions: readonly unknown[], options: object): Node }
export const transformer = transformerModule as { transform(ast: Node, asyncFilters: readonly string[]): unknown }
type NodeClass = new (lineno: number, colno: number, ...fields: readonly unknown[]) => Node
export const nodes = nodesModule as Readonly<
  Record<
    | 'Node'
    | 'Root'
    | 'NodeList'
    | 'Output'
    | 'Symbol'
    | 'Literal'
    | 'Pair'
    | 'TemplateData'
    | 'Filter'
    | 'Include'
    | 'Import'
    | 'FromImport'
    | 'Extends'
    | 'Block'
    | 'Macro'
    | 'Set',
    NodeClass
  >
>
export const nunjucksRuntime = runtimeModule as NunjucksRuntime
