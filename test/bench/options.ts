import { parseArgs } from 'node:util'
import { type Contender, consulTemplate, findConsulTemplate, upstreamd } from './contenders.ts'

export const parts = ['template', 'latency', 'idle', 'foreign', 'scale'] as const
export type Part = (typeof parts)[number]

/** What is measured, and how much of it. */
export interface Plan {
  readonly parts: readonly Part[]
  readonly isQuick: boolean
  readonly isComplete: boolean // nothing was left out: fit for the document
  readonly contenders: readonly Contender[]
  readonly peer: string | undefined // the binary
  readonly sizes: readonly number[] // services, for latency
  readonly instances: number
  readonly nodes: number
  readonly changes: number // of one write, in a round
  readonly rounds: number
  readonly idle: { readonly services: number; readonly seconds: number }
  readonly foreign: { readonly nodes: number; readonly services: number; readonly seconds: number }
  readonly scale: { readonly services: number; readonly nodes: number; readonly seconds: number }
  readonly isWritten: boolean
}

const usage = `usage: npm run bench -- [--quick] [--only ${parts.join('|')}[,…]] [--services 100,1000] [--instances 3]
  [--nodes 20] [--changes 6] [--rounds 2] [--alone] [--write]
  --quick   100 and 1 000 services, few changes, under two minutes
  --only    these parts alone
  --alone   without consul-template
  --write   docs/benchmarks.md, too; a complete run writes it anyway`

/** Throws what is wrong with the arguments, as a text for the user. */
export function planOf(args: readonly string[]): Plan {
  const { values } = parse(args)
  const isQuick = values.quick
  const only = values.only?.split(',')
  const unknown = only?.find(name => !parts.some(part => part === name))
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}\n${usage}`)
  const sizes = values.services ?? (isQuick ? '100,1000' : '10,100,1000,3000')
  const peer = values.alone ? undefined : findConsulTemplate()
  const isComplete = !isQuick && only === undefined && values.services === undefined && !values.alone
  return {
    parts:
      only === undefined
        ? isQuick
          ? ['template', 'latency', 'foreign']
          : parts
        : parts.filter(part => only.includes(part)),
    isQuick,
    isComplete,
    contenders: peer === undefined ? [upstreamd] : [upstreamd, consulTemplate(peer)],
    peer,
    sizes: sizes.split(',').map(size => count('services', size)),
    instances: count('instances', values.instances ?? '3'),
    nodes: count('nodes', values.nodes ?? '20'),
    changes: count('changes', values.changes ?? (isQuick ? '3' : '6')),
    rounds: count('rounds', values.rounds ?? (isQuick ? '1' : '2')),
    idle: isQuick ? { services: 1_000, seconds: 20 } : { services: 5_000, seconds: 65 },
    foreign: { nodes: 200, services: 5_000, seconds: isQuick ? 8 : 20 },
    scale: isQuick ? { services: 3_000, nodes: 100, seconds: 10 } : { services: 10_000, nodes: 100, seconds: 30 },
    isWritten: isComplete || values.write,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        services: { type: 'string' },
        instances: { type: 'string' },
        nodes: { type: 'string' },
        changes: { type: 'string' },
        rounds: { type: 'string' },
        alone: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`)
  }
}

function count(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} ${text} is no count\n${usage}`)
  return number
}
