import { readTokens } from '../target/nginx/reader.ts'
import { type Directive, directivesOf } from './directives.ts'
import type { LanguageName, Part } from './template.ts'
import type { Value } from './value.ts'

/**
 * What nginx will read, as far as the template tells: its text with every way taken once, a mark for every hole, and the
 * directives in it. Offsets are into that text.
 */
export interface Skeleton {
  readonly path: string
  readonly language: LanguageName
  readonly directives: readonly Directive[] // at the top
  readonly allDirectives: readonly Directive[] // outer before inner
  named(name: string): readonly Directive[]
  readonly branches: readonly Branch[] // outer before inner
  readonly jumps: readonly Jump[]
  lineAt(offset: number): number // in the source
  holesIn(word: Span): readonly Value[]
  /** The branches around an offset, outer first; with `from`, only those that begin behind it. */
  armsAt(offset: number, from?: number): readonly Arm[]
}

export interface Span {
  readonly start: number
  readonly end: number
}

export interface Branch {
  readonly how: 'if' | 'with' | 'loop'
  readonly value: Value
  readonly start: number
  readonly within: Arm | undefined
  readonly body: Arm
  readonly otherwise: Arm | undefined
}

/** One way through a branch. */
export interface Arm extends Span {
  readonly branch: Branch
  readonly isElse: boolean
}

/** Out of a round of a loop. */
export interface Jump {
  readonly start: number
  readonly within: Arm | undefined
}

/** Around the number of a hole. They belong to no script: nobody writes them. */
const [OPEN, CLOSE] = ['\ue000', '\ue001'] as const
const HOLE = /\ue000(\d+)\ue001/g

export function skeletonOf(path: string, source: string, language: LanguageName, parts: readonly Part[]): Skeleton {
  const { text, places, values, branches, jumps } = flatten(parts)
  const arms = branches.flatMap(({ body, otherwise }) => (otherwise === undefined ? [body] : [body, otherwise]))
  const lineOf = lines(source)
  const { top, all } = directivesOf(text, isHole)
  const byName = Map.groupBy(all, ({ name }) => name)

  return {
    path,
    language,
    directives: top,
    allDirectives: all,
    named: name => byName.get(name) ?? [],
    branches,
    jumps,
    lineAt(offset) {
      const place = places.findLast(({ start }) => start <= offset)
      if (place === undefined) return 1
      return lineOf(place.isText ? place.at + offset - place.start : place.at)
    },
    holesIn: ({ start, end }) =>
      [...text.slice(start, end).matchAll(HOLE)].flatMap(([, number]) => values[Number(number)] ?? []),
    armsAt: (offset, from = -1) => arms.filter(arm => arm.start > from && arm.start <= offset && offset < arm.end),
  }
}

/** Is it nothing but what is printed? */
export function isHole(word: string): boolean {
  return word !== '' && word.replace(HOLE, '') === ''
}

/** The text with every hole as one character that is the same for all of them. */
export function withEqualHoles(word: string): string {
  return word.replace(HOLE, OPEN)
}

export function hasHole(word: string): boolean {
  return word.includes(OPEN)
}

interface Place {
  readonly start: number
  readonly at: number
  readonly isText: boolean
}

function flatten(parts: readonly Part[]) {
  let text = ''
  const places: Place[] = []
  const values: Value[] = []
  const branches: Branch[] = []
  const jumps: Jump[] = []

  function add(parts: readonly Part[], within: Arm | undefined): void {
    for (const part of parts) {
      if (part.kind !== 'jump') places.push({ start: text.length, at: part.at, isText: part.kind === 'text' })
      switch (part.kind) {
        case 'text':
          text += part.text.replace(/[\ue000\ue001]/g, '\ufffd')
          break
        case 'hole':
          text += OPEN + (values.push(part.value) - 1) + CLOSE
          break
        case 'jump':
          jumps.push({ start: text.length, within })
          break
        case 'branch':
          addBranch(part, within)
      }
    }
  }

  function addBranch({ how, value, body, otherwise }: Part & { kind: 'branch' }, within: Arm | undefined): void {
    const branch = { how, value, start: text.length, within } as { -readonly [K in keyof Branch]: Branch[K] }
    branches.push(branch)
    branch.body = addArm(branch, body, false)
    if (otherwise.length === 0) return

    const before = { length: text.length, branches: branches.length, jumps: jumps.length, places: places.length }
    text += ' ' // words of two ways are not one word
    branch.otherwise = addArm(branch, otherwise, true)
    if (!isTwice(text.slice(branch.start, before.length), text.slice(before.length))) return
    // Both ways open or close the same blocks: with one of them the text is whole.
    text = text.slice(0, before.length)
    branches.length = before.branches
    jumps.length = before.jumps
    places.length = before.places
    branch.otherwise = undefined
  }

  function addArm(branch: Branch, parts: readonly Part[], isElse: boolean): Arm {
    const arm = { branch, isElse, start: text.length, end: text.length }
    add(parts, arm)
    arm.end = text.length
    return arm
  }

  add(parts, undefined)
  return { text, places, values, branches, jumps }
}

function isTwice(one: string, other: string): boolean {
  const depth = depthOf(one)
  return depth !== 0 && depth === depthOf(other)
}

function depthOf(text: string): number {
  let depth = 0
  readTokens(text, kind => {
    if (kind === '{') depth += 1
    if (kind === '}' || kind === 'code') depth -= 1
  })
  return depth
}

function lines(source: string): (offset: number) => number {
  const starts = [0]
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return offset => starts.findLastIndex(start => start <= offset) + 1
}
