import { rawDataIn } from '../raw-data.ts'
import type { Rule } from '../rule.ts'

export const unquoted: Rule = {
  name: 'unquoted',
  *find(file) {
    for (const { words } of file.allDirectives) {
      for (const word of words.filter(({ isQuoted }) => !isQuoted)) {
        for (const { name } of rawDataIn(file, word)) {
          const written = file.language === 'go' ? `.${name}` : name
          yield {
            at: word.start,
            what: `${written} stands here as it was registered: a blank, \`;\` or \`}\` in it ends the argument, so one registration breaks the configuration for all services, and \`x; } server { …\` makes nginx serve what its author likes`,
            mend: `print the whole argument in quotes: ${file.language === 'go' ? `{{printf "%q" ${written}}}` : `{{ ${written} | quote }}`}`,
          }
        }
      }
    }
  },
}
