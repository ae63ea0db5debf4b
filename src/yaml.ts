import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument, visit } from 'yaml'
import type { Document } from './config/document.ts'

/** YAML 1.2, JSON included; aliases are bounded by the library. Throws its error, which names line and column. */
export function parseYaml(text: string): unknown {
  return parse(text)
}

/** The same with the lines, for a file that people write by hand: there 0644 is octal, as in HCL. */
export function parseYamlDocument(text: string): Document {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [problem] = document.errors
  if (problem !== undefined) throw problem
  visit(document, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === 'number' && /^0[0-7]+$/.test(scalar.source ?? ''))
        scalar.value = Number.parseInt(scalar.source ?? '', 8)
    },
  })
  const lineOfNode = (node: Node | null) => (node?.range ? lines.linePos(node.range[0]).line : undefined)

  function lineOf(path: readonly PropertyKey[]): number {
    let node: Node | null | undefined = document.contents
    let line = lineOfNode(node) ?? 1
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document)
      if (isSeq(node)) {
        node = node.items[Number(part)] as Node | undefined
        line = lineOfNode(node ?? null) ?? line
      } else if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === part)
        line = lineOfNode((pair?.key as Node | undefined) ?? null) ?? line
        node = pair?.value as Node | undefined
      } else if (part !== 0) return line // one block alone is a list of one where a list is wanted
    }
    return line
  }
  return { value: document.toJS(), lineOf }
}
