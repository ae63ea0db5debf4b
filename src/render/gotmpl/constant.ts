import { ANY, REFLECT, SIGNED, toInteger, UNSIGNED } from './assign.ts'
import { type BoolNode, type NumberNode, nodeText, type StringNode } from './nodes.ts'
import type { Literal } from './number.ts'
import { GoError, NO_VALUE, Num, type Value } from './values.ts'

/** A numeric literal that nobody wants in a certain type. */
export function idealOf({ text, int, uint, float, complex }: Literal): Value {
  if (complex !== undefined) return complex
  const isHexInteger = /^0[xX]/.test(text) && !/[pP]/.test(text)
  const isFloat = /[.eEpP]/.test(text) && !text.startsWith("'") && !isHexInteger
  if (float !== undefined && isFloat) return float
  if (int !== undefined) return int
  if (uint === undefined) return NO_VALUE
  throw new GoError(`${text} overflows int`)
}

/** A literal as an argument of a certain type. */
export function constantFor(type: string, node: NumberNode | StringNode | BoolNode): Value {
  if (type === ANY || type === REFLECT) return anyConstant(node)
  if (type === 'string') {
    if (node.kind === 'string') return node.text
    throw new GoError(`expected string; found ${nodeText(node)}`)
  }
  if (type === 'bool') {
    if (node.kind === 'bool') return node.value
    throw new GoError(`expected bool; found ${nodeText(node)}`)
  }
  const literal = node.kind === 'number' ? node.literal : { text: '' }
  const value = number(type, literal)
  if (value !== undefined) return value
  const wanted = wantedBy(type)
  if (wanted === undefined) throw new GoError(`can't handle ${nodeText(node)} for arg of type ${type}`)
  throw new GoError(`expected ${wanted}; found ${nodeText(node)}`)
}

function anyConstant(node: NumberNode | StringNode | BoolNode): Value {
  if (node.kind === 'number') return idealOf(node.literal)
  return node.kind === 'string' ? node.text : node.value
}

function number(type: string, { int, uint, float, complex }: Literal): Value | undefined {
  if (SIGNED.has(type)) return int === undefined ? undefined : toInteger(int, type)
  if (UNSIGNED.has(type)) return uint === undefined ? undefined : toInteger(uint, type)
  if (type === 'float32') return float === undefined ? undefined : new Num(type, Math.fround(float))
  if (type === 'float64') return float
  return type === 'complex128' ? complex : undefined
}

function wantedBy(type: string): string | undefined {
  if (SIGNED.has(type)) return 'integer'
  if (UNSIGNED.has(type)) return 'unsigned integer'
  if (type === 'float32' || type === 'float64') return 'float'
  return type === 'complex128' ? 'complex' : undefined
}
