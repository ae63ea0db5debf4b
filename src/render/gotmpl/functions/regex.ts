import { RE2JS, RE2JSSyntaxException } from 're2js'
import { byteLength } from '../bytes.ts'
import { GoError } from '../values.ts'

/** Go's regexp: linear in the length of the text, whatever the pattern. */
export class Pattern {
  readonly #regex: RE2JS

  constructor(source: string) {
    if (!source.isWellFormed()) throw new GoError(`error parsing regexp: invalid UTF-8: \`${source}\``)
    try {
      this.#regex = RE2JS.compile(source)
    } catch (error) {
      if (!(error instanceof RE2JSSyntaxException)) throw error
      // Go shows the offending piece even where there is none.
      const message = error.message.endsWith('`') ? error.message : `${error.message}: \`\``
      throw new GoError(message, { cause: error })
    }
  }

  test(text: string): boolean {
    return this.#regex.test(text)
  }

  /** The matches Go finds: an empty one right behind another does not count. */
  *matches(text: string): Generator<Match> {
    const matcher = this.#regex.matcher(text)
    let end = -1
    while (matcher.find()) {
      const match = { start: matcher.start(), end: matcher.end() }
      if (match.start === match.end && (match.start === end || isInside(text, match.start))) continue
      end = match.end
      yield { ...match, group: name => groupOf(matcher, this.#regex, name) }
    }
  }

  /** `charge` is asked before the result is put together. */
  replace(text: string, charge: (bytes: number) => void, replacement: (match: Match) => string): string {
    const parts: string[] = []
    let [at, bytes] = [0, 0]
    for (const match of this.matches(text)) {
      const part = text.slice(at, match.start) + replacement(match)
      bytes += byteLength(part)
      charge(bytes)
      parts.push(part)
      at = match.end
    }
    return parts.join('') + text.slice(at)
  }
}

export interface Match {
  readonly start: number
  readonly end: number
  /** What a group caught, by number or name: nothing for one that did not take part or does not exist. */
  readonly group: (name: string) => string
}

/** The same patterns come back in every loop of a template. */
export function patterns(): (source: string) => Pattern {
  const known = new Map<string, Pattern>()
  return source => {
    const pattern = known.get(source) ?? new Pattern(source)
    if (known.size >= 500) known.clear()
    known.set(source, pattern)
    return pattern
  }
}

/** Regexp.Expand: `$name` and `${name}` stand for a group, `$$` for a dollar, and any other `$` for itself. */
export function expanded(template: string, match: Match): string {
  return template.replace(
    /\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu,
    (_, dollar?: string, braced?: string, bare?: string) => dollar ?? match.group(braced ?? bare ?? ''),
  )
}

export function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function groupOf(matcher: ReturnType<RE2JS['matcher']>, regex: RE2JS, name: string): string {
  if (/^\d+$/.test(name)) {
    const number = Number(name)
    return number <= regex.groupCount() ? (matcher.group(number) ?? '') : ''
  }
  return name in regex.namedGroups() ? (matcher.group(name) ?? '') : ''
}

/** Between the two halves of one character. */
function isInside(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff
}
