import { rawDataIn } from '../raw-data.ts'
import type { Rule } from '../rule.ts'

export const unquoted: Rule = {
  name: 'unquoted',
  *find(file) {
    for (const { words } of file.allDirectives) {
      for (const word of words.filter(({ isQuoted }) => !isQuoted)) {
        for (const { name } of rawDataIn(file, word)) {
          const isGo = file.language === 'gotmpl'
          const written = isGo ? `.${name}` : name
          yield {
            at: word.start,
            what: `${written} is printed without quotes, and whoever registers a service chooses it: a blank, \`;\` or \`}\` in it ends the argument; consul-template then writes what nginx refuses for all services, or what its author likes (\`x; } server { …\`), and upstreamd leaves that service out`,
            mend: `print the whole argument in quotes: ${isGo ? `{{printf "%q" ${written}}}` : `{{ ${written} | quote }}`}`,
          }
        }
      }
    }
  },
}
