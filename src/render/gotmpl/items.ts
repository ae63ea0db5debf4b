import { quote } from './quote.ts'

export const keywords = {
  '.': 'dot',
  block: 'block',
  break: 'break',
  continue: 'continue',
  define: 'define',
  else: 'else',
  end: 'end',
  if: 'if',
  nil: 'nil',
  range: 'range',
  template: 'template',
  with: 'with',
} as const

type Keyword = (typeof keywords)[keyof typeof keywords]

export type ItemKind =
  | Keyword
  | 'error'
  | 'eof'
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'space'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'complex'
  | 'number'
  | 'string'
  | 'rawString'
  | 'field'
  | 'identifier'
  | 'variable'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'

export interface Item {
  readonly kind: ItemKind
  readonly at: number // offset in the source, in UTF-16 units
  readonly text: string
  readonly line: number
}

export interface Delimiters {
  readonly left: string
  readonly right: string
}

/** An item as error messages show it. */
export function itemText(item: Item): string {
  if (item.kind === 'eof') return 'EOF'
  if (item.kind === 'error') return item.text
  if (Object.values<string>(keywords).includes(item.kind)) return `<${item.text}>`
  if (Buffer.byteLength(item.text) > 10) return `${quote(Array.from(item.text).slice(0, 10).join(''))}...`
  return quote(item.text)
}
