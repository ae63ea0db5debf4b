import { readFileSync } from 'node:fs'
import { isOf, reasonOf, UpstreamdError } from '../errors.ts'
import type { Emit } from '../observe/event.ts'
import { watchFiles } from '../watch-files.ts'
import type { Template, TemplateOptions } from './language.ts'
import { languageOf } from './registry.ts'
import type { Output } from './render.ts'

export interface TemplateSpec {
  readonly path: string
  /** The text, where there is no file; `path` is what it is called then. */
  readonly contents?: string | undefined
  readonly language?: string | undefined // undefined: by the extension
  readonly options?: TemplateOptions
  readonly destination: string
}

/** The templates of one target: what is on disk, and what was accepted last. */
export interface Templates {
  /** What to render: the newest that compiles and was not set aside. */
  outputs(): readonly Output[]
  /** The last that went live, where it differs from `outputs`. */
  accepted(): readonly Output[] | undefined
  /** Are these the very texts that were accepted last? */
  areProven(outputs: readonly Output[]): boolean
  /** These are live: remember them. A file that was saved since is none of them. */
  accept(outputs: readonly Output[]): void
  /** These are refused; go on with what was accepted last, until a file changes. */
  setAside(outputs: readonly Output[], problem: string): void
  /** Texts that were accepted, by path, to be kept across a restart. */
  texts(): Readonly<Record<string, string>>
  /** Reads all files again, also those that were set aside. */
  reload(): void
  watch(changed: () => void, signal: AbortSignal): void
}

interface Slot {
  readonly spec: TemplateSpec
  candidate: Template // compiles
  accepted: Template | undefined
  seen: string | undefined // the file's text when it was looked at last
}

/**
 * Loads and compiles. A file that is broken from the start is an error, unless a text of it was accepted
 * before (`remembered`): then that one is used and the fault is reported. Later a broken file changes nothing.
 */
export function loadTemplates(
  specs: readonly TemplateSpec[],
  remembered: Readonly<Record<string, string>>,
  emit: Emit,
): Templates {
  const slots = specs.map(spec => initial(spec, remembered[spec.path], emit))
  const outputs = (pick: (slot: Slot) => Template) =>
    slots.map(slot => ({ template: pick(slot), destination: slot.spec.destination }))

  function read(slot: Slot): void {
    slot.seen = textIfThere(slot.spec)
    try {
      const fresh = compile(slot.spec)
      if (fresh.source.text === slot.candidate.source.text) return
      slot.candidate = fresh
      emit({ type: 'template.loaded', path: slot.spec.path })
    } catch (error) {
      report(slot.spec.path, error, emit)
    }
  }

  return {
    outputs: () => outputs(slot => slot.candidate),
    accepted() {
      const changed = slots.some(slot => slot.accepted?.source.text !== slot.candidate.source.text)
      return changed && slots.every(slot => slot.accepted !== undefined)
        ? outputs(slot => slot.accepted ?? slot.candidate)
        : undefined
    },
    areProven: tried =>
      slots.every((slot, position) => slot.accepted?.source.text === tried[position]?.template.source.text),
    accept(live) {
      for (const [position, slot] of slots.entries()) slot.accepted = live[position]?.template ?? slot.accepted
    },
    setAside(refusedOnes, problem) {
      const refused = slots.filter(
        (slot, position) =>
          slot.candidate === refusedOnes[position]?.template &&
          slot.accepted?.source.text !== slot.candidate.source.text,
      )
      for (const slot of refused) slot.candidate = slot.accepted ?? slot.candidate
      emit({ type: 'template.set_aside', paths: refused.map(({ spec }) => spec.path), problem })
    },
    texts: () =>
      Object.fromEntries(slots.flatMap(({ spec, accepted }) => (accepted ? [[spec.path, accepted.source.text]] : []))),
    reload() {
      for (const slot of slots) read(slot)
    },
    watch(changed, signal) {
      const inFiles = slots.filter(({ spec }) => spec.contents === undefined)
      const byPath = Map.groupBy(inFiles, slot => slot.spec.path)
      watchFiles(
        [...byPath.keys()],
        path => {
          for (const slot of byPath.get(path) ?? []) read(slot)
          changed()
        },
        signal,
      )
      // Saved between loading and now: the watch has begun with the new text and would not tell.
      const missed = inFiles.filter(slot => textIfThere(slot.spec) !== slot.seen)
      for (const slot of missed) read(slot)
      if (missed.length > 0) changed()
    },
  }
}

function initial(spec: TemplateSpec, remembered: string | undefined, emit: Emit): Slot {
  const accepted = remembered === undefined ? undefined : compileIfPossible(spec, remembered)
  const seen = textIfThere(spec)
  try {
    return { spec, candidate: compile(spec), accepted, seen }
  } catch (error) {
    if (accepted === undefined || !isOf('template', error)) throw error
    report(spec.path, error, emit)
    return { spec, candidate: accepted, accepted, seen }
  }
}

/** Throws an error of class `template`. */
function compile(spec: TemplateSpec): Template {
  return compileText(spec, spec.contents ?? readTemplate(spec.path))
}

function compileText({ path, language, options }: TemplateSpec, text: string): Template {
  return languageOf(path, language).compile({ path, text, ...(options && { options }) })
}

function compileIfPossible(spec: TemplateSpec, text: string): Template | undefined {
  try {
    return compileText(spec, text)
  } catch (error) {
    if (isOf('template', error)) return undefined // kept by a version that understood it
    throw error
  }
}

/** Throws TEMPLATE_UNREADABLE. */
export function readTemplate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UpstreamdError('TEMPLATE_UNREADABLE', `cannot read template ${path}`, { cause: error })
  }
}

function textIfThere({ path, contents }: TemplateSpec): string | undefined {
  if (contents !== undefined) return contents
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // reading it as a template says why
  }
}

function report(path: string, error: unknown, emit: Emit): void {
  if (!isOf('template', error)) throw error
  emit({ type: 'template.failed', path, code: error.code, message: reasonOf(error) })
}
