import { styleText } from 'node:util'

/** One line of the walk. */
export interface Row {
  readonly title?: string // when it is not the step's
  readonly ms?: number // how long it took to show
  readonly seen: string // the actual answers
  readonly words?: string // upstreamd's own, below
}

const WIDTH = 108
const INDENT = 6 // of words below a step
const FACT = 16 // where the text of a fact begins

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printHeading(): void {
  print(`\n${paint('bold', 'upstreamd: nginx follows the services, step by step')}\n`)
}

/** A fact about what runs, or a command to copy: those have lines of their own and are not broken. */
export function printFact(name: string, text: string): void {
  const lines = text.includes('\n') ? text.split('\n') : broken(text, WIDTH - FACT)
  print(`  ${name.padEnd(FACT - 2)}${lines.join(`\n${' '.repeat(FACT)}`)}`)
}

/** Without a number it belongs to the step above. */
export function printRow({ title = '', ms, seen, words }: Row, number?: number): void {
  const took = ms === undefined ? '' : `${Math.round(ms)} ms`
  const mark = paint('green', '✔')
  print(` ${mark} ${number ?? ' '}  ${title.padEnd(28)}${paint('cyan', took.padStart(8))}  ${seen}`)
  if (words !== undefined) printWords(words)
}

/** What somebody said, below the step it belongs to. */
export function printWords(text: string): void {
  print(paint('gray', indented(text)))
}

export function printFailure(error: unknown, title: string, number?: number): void {
  const message = error instanceof Error ? error.message : String(error)
  print(paint('red', ` ✘ ${number ?? ' '}  ${title}: not as it should be\n${indented(message)}`))
}

function indented(text: string): string {
  const lines = text.split('\n').flatMap(line => broken(line, WIDTH - INDENT))
  return lines.map(line => `${' '.repeat(INDENT)}${line}`).join('\n')
}

/** A line as several of at most `width` characters, broken between words. */
function broken(line: string, width: number): string[] {
  const lines: string[] = []
  let last = ''
  for (const word of line.split(' ')) {
    if (last !== '' && last.length + 1 + word.length > width) {
      lines.push(last)
      last = word
    } else last = last === '' ? word : `${last} ${word}`
  }
  return [...lines, last]
}

/** Colour on a terminal only. */
function paint(format: 'bold' | 'cyan' | 'gray' | 'green' | 'red', text: string): string {
  return styleText(format, text, { stream: process.stdout })
}
