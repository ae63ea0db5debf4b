import { expect, it } from 'vitest'
import type { Finding } from './lint.ts'
import { reportText } from './report.ts'

const aFinding = (also: readonly number[]): Finding => ({
  file: 'app.ctmpl',
  line: 3,
  also,
  rule: 'websocket',
  what: 'it never opens',
  mend: 'let it',
})

it.each([
  { also: [], says: 'it never opens; mend: let it' },
  { also: [7], says: 'it never opens (also in line 7); mend: let it' },
  { also: [7, 9], says: 'it never opens (also in lines 7, 9); mend: let it' },
  {
    also: Array.from({ length: 12 }, (_, n) => n + 4),
    says: 'it never opens (also in lines 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more); mend: let it',
  },
])('a finding in $also.length further lines is one line, and is counted', ({ also, says }) => {
  expect(reportText([aFinding(also)], 2)).toBe(`app.ctmpl:3: [websocket] ${says}\n\n1 hazard in 2 files\n`)
})

it('no finding is said, too', () => {
  expect(reportText([], 1)).toBe('no hazard in 1 file\n')
})
