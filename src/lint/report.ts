import type { Finding } from './lint.ts'

/** For people, and for whatever reads `file:line:`. */
export function reportText(findings: readonly Finding[], files: number): string {
  const looked = `${files} ${files === 1 ? 'file' : 'files'}`
  if (findings.length === 0) return `no hazard in ${looked}\n`
  const count = `${findings.length} ${findings.length === 1 ? 'hazard' : 'hazards'} in ${looked}`
  return [...findings.map(paragraph), count, ''].join('\n')
}

/** So many further lines are named; all of them are in the JSON. */
const MOST_LINES = 10

function paragraph({ file, line, also, rule, what, mend }: Finding): string {
  return `${file}:${line}: [${rule}] ${what}${elsewhere(also)}; mend: ${mend}\n`
}

function elsewhere(lines: readonly number[]): string {
  if (lines.length === 0) return ''
  const more = lines.length > MOST_LINES ? ` and ${lines.length - MOST_LINES} more` : ''
  return ` (also in ${lines.length === 1 ? 'line' : 'lines'} ${lines.slice(0, MOST_LINES).join(', ')}${more})`
}

export function reportJson(findings: readonly Finding[]): string {
  return `${JSON.stringify(findings, undefined, 2)}\n`
}
