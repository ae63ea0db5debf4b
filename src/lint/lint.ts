import { UpstreamdError } from '../errors.ts'
import { type Catalog, compare } from '../model/catalog.ts'
import { languageFor, readTemplate } from './read.ts'
import type { Hazard } from './rule.ts'
import { rules } from './rules.ts'
import { type Skeleton, skeletonOf } from './skeleton.ts'
import type { LanguageName } from './template.ts'

export interface Source {
  readonly path: string
  readonly text: string
  readonly language?: LanguageName | undefined // else by the path and the text
}

export interface Finding {
  readonly file: string
  readonly line: number
  readonly also: readonly number[] // further lines with the same
  readonly rule: string
  readonly what: string
  readonly mend: string
}

/** A file that was read, and the rules that it switches off. */
export interface Looked {
  readonly skeleton: Skeleton
  readonly isOff: ReadonlySet<string>
}

/** Throws TEMPLATE_SYNTAX, and what else compiling a template throws. */
export function look(sources: readonly Source[]): Looked[] {
  return sources.map(source => ({ skeleton: skeleton(source), isOff: switchedOff(source.text) }))
}

/** The files are taken together: what one of them says may mend another one. */
export function lint(looked: readonly Looked[], catalog: Catalog | undefined): Finding[] {
  const files = looked.map(({ skeleton }) => skeleton)
  return looked.flatMap(({ skeleton, isOff }) =>
    rules
      .filter(({ name }) => !isOff.has(name))
      .flatMap(rule => gathered(skeleton, rule.name, rule.find(skeleton, { files, catalog })))
      .sort((a, b) => a.line - b.line || compare(a.rule, b.rule)),
  )
}

function skeleton({ path, text, language = languageFor(path, text) }: Source): Skeleton {
  try {
    return skeletonOf(path, text, language, readTemplate(path, text, language))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // JavaScript's stack has ended; the parsers say where when it is theirs.
    throw new UpstreamdError('TEMPLATE_SYNTAX', `${path}:1:1: it is nested too deeply`, { cause: error })
  }
}

/** `lint off: default-server` in whatever comment the language has. */
function switchedOff(text: string): ReadonlySet<string> {
  const lists = [...text.matchAll(/\blint off: *([\w-]+(?:, *[\w-]+)*)/g)]
  return new Set(lists.flatMap(([, names]) => names?.split(/, */) ?? []))
}

/** The same in many places is one finding. */
function gathered(file: Skeleton, rule: string, hazards: Iterable<Hazard>): Finding[] {
  const same = Map.groupBy(hazards, ({ what, mend }) => `${what}\n${mend}`)
  return [...same.values()].map(group => {
    const lines = [...new Set(group.map(({ at }) => file.lineAt(at)))].sort((a, b) => a - b)
    const [line = 1, ...also] = lines
    const { what, mend } = group[0] as Hazard
    return { file: file.path, line, also, rule, what, mend }
  })
}
