import type { Func } from '../values.ts'
import { type Effects, effectFunctions } from './effects.ts'
import { encodingFunctions } from './encoding.ts'
import { environmentFunctions } from './environment.ts'
import { listFunctions } from './lists.ts'
import { mapFunctions } from './maps.ts'
import { mathFunctions } from './math.ts'
import type { HostAddress } from './network/address.ts'
import { sockaddrFunctions } from './network/sockaddr.ts'
import { patterns } from './regex.ts'
import { regexFunctions } from './regexes.ts'
import { scratchFunction } from './scratch.ts'
import { serviceFunctions } from './services.ts'
import { spewFunctions } from './spew.ts'
import { sprigFunctions } from './sprig/index.ts'
import { stringFunctions } from './strings.ts'
import { timeFunctions } from './time/index.ts'
import { unavailableFunctions } from './unavailable.ts'

/** All that functions may know or do beyond their arguments. */
export interface World {
  /** In ms since 1970. */
  readonly now: () => number
  readonly environment: ReadonlyMap<string, string>
  /** The addresses of this machine, for `sockaddr`. */
  readonly addresses: () => readonly HostAddress[]
  readonly effects: Effects
}

/** The functions of consul-template that need no data from outside, anew for every run: `scratch` begins empty. */
export function functionLibrary({ now, environment, addresses, effects }: World): () => ReadonlyMap<string, Func> {
  const compile = patterns()
  const lasting = named([
    ...stringFunctions,
    ...listFunctions,
    ...mapFunctions,
    ...serviceFunctions,
    ...mathFunctions,
    ...encodingFunctions,
    ...regexFunctions(compile),
    ...timeFunctions(now),
    ...environmentFunctions(environment),
    ...effectFunctions(effects),
    ...spewFunctions(effects.show ?? (() => {})),
    ...sockaddrFunctions(compile, addresses),
    ...sprigFunctions(compile, now),
    ...unavailableFunctions,
  ])
  return () => new Map(lasting).set('scratch', scratchFunction())
}

function named(functions: readonly Func[]): Map<string, Func> {
  return new Map(functions.map(func => [func.name, func]))
}
