import type { Finding } from './lint.ts'

/** For people, and for whatever reads `file:line:`. */
export function reportText(findings: readonly Finding[], files: number): string {
  const looked = `${files} ${files === 1 ? 'file' : 'files'}`
  if (findings.length === 0) return `no hazard in ${looked}\n`
  const count = `${findings.length} ${findings.length === 1 ? 'hazard' : 'hazards'} in ${looked}`
  return [...findings.map(paragraph), count, ''].join('\n')
}

function paragraph({ file, line, also, rule, what, mend }: Finding): string {
  const elsewhere = also.length === 0 ? '' : ` (also in ${also.length === 1 ? 'line' : 'lines'} ${also.join(', ')})`
  return `${file}:${line}: [${rule}] ${what}${elsewhere}; mend: ${mend}\n`
}

export function reportJson(findings: readonly Finding[]): string {
  return `${JSON.stringify(findings, undefined, 2)}\n`
}
