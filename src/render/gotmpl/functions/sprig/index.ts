import { Func } from '../../values.ts'
import type { Pattern } from '../regex.ts'
import { certificateFunctions } from './certificates.ts'
import { cryptoFunctions } from './crypto.ts'
import { dateFunctions } from './dates.ts'
import { dictFunctions } from './dicts.ts'
import { listFunctions } from './lists.ts'
import { logicFunctions } from './logic.ts'
import { mathFunctions } from './math.ts'
import { pathFunctions } from './paths.ts'
import { regexFunctions } from './regexes.ts'
import { semverFunctions } from './semver.ts'
import { stringFunctions } from './strings.ts'
import { urlFunctions } from './urls.ts'
import { wordFunctions } from './words.ts'

/** Sprig 3.3 without what reads the machine or the clock by itself, under the names consul-template gives them. */
export function sprigFunctions(compile: (source: string) => Pattern, now: () => number): readonly Func[] {
  const functions = [
    ...stringFunctions,
    ...wordFunctions,
    ...listFunctions,
    ...dictFunctions,
    ...mathFunctions,
    ...logicFunctions,
    ...regexFunctions(compile),
    ...pathFunctions,
    ...urlFunctions,
    ...dateFunctions(now),
    ...semverFunctions,
    ...cryptoFunctions,
    ...certificateFunctions(now),
  ]
  return functions.map(({ name, params, call }) => new Func(`sprig_${name}`, params, call))
}
