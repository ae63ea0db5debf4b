import { Func, GoError } from '../values.ts'

const vault = ['secret', 'secrets', 'pkiCert']
const nomad = ['nomadServices', 'nomadService', 'nomadVar', 'nomadVarExists', 'nomadVarList', 'nomadVarListSafe']

/** Known, so that a template that asks for them parses and is told what is missing where it does. */
export const unavailableFunctions: readonly Func[] = [...refusing(vault, 'Vault'), ...refusing(nomad, 'Nomad')]

function refusing(names: readonly string[], from: string): Func[] {
  return names.map(
    name =>
      new Func(name, ['...interface {}'], () => {
        throw new GoError(`${name}: upstreamd does not read from ${from}`)
      }),
  )
}
