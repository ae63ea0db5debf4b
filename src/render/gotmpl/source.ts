import { byteLength } from './bytes.ts'
import { type AnyNode, nodeText } from './nodes.ts'
import type { Parsed } from './parse.ts'
import { quote } from './quote.ts'
import { TemplateError } from './template-error.ts'

/** What Go says of something that fails while a template runs, and where it was. */
export function failure(
  parsed: Parsed,
  running: string,
  node: AnyNode,
  message: string,
  cause?: unknown,
): TemplateError {
  const { line, column } = placeOf(parsed.source, node.at)
  const where = `template: ${parsed.name}:${line}:${column}: executing ${quote(running)} at <${nodeText(node)}>`
  return new TemplateError(`${where}: ${message}`, { line, column }, { cause })
}

/** The column is counted in bytes, from 0. */
export function placeOf(source: string, at: number): { line: number; column: number } {
  const before = source.slice(0, at)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: byteLength(before.slice(start)) }
}
