import { startConsul } from '../../support/consul.ts'
import { type Compared, differenceOf, isEqual } from './differences.ts'
import { openOurs } from './ours.ts'
import { primerFor } from './primer.ts'
import { chances } from './random.ts'
import { someTemplate } from './template.ts'
import { consulTemplate, type Outcome, type Theirs, theirOutcomes } from './theirs.ts'
import { furnish, someWorld } from './world.ts'

// Compares whole templates with consul-template over generated catalogs in a real Consul:
// `node test/oracle/templates/run.ts [how many] [seed]`.

const [count = 5_000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number)
const TEMPLATES_PER_CATALOG = 250
const TEMPLATES_PER_PROCESS = 125
const SHOWN = 25
const env = { PATH: process.env.PATH ?? '', ZONE: 'eu-1', PORT: '8080', LIST: 'a,b,c', ENABLED: 'true', EMPTY: '' }

const peer = consulTemplate()
if (peer === undefined) {
  console.log('skipped: there is neither consul-template 0.42.1 nor Go to build it with')
} else {
  try {
    process.exitCode = (await compareAll(peer.program)) ? 0 : 1
  } finally {
    peer.end()
  }
}

async function compareAll(program: string): Promise<boolean> {
  const tally = new Map<string, number>()
  const different: Compared[] = []
  const add = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1)
  const began = performance.now()
  for (let done = 0, part = 0; done < count; done += TEMPLATES_PER_CATALOG, part += 1) {
    for (const compared of await compareSome(
      program,
      Math.min(TEMPLATES_PER_CATALOG, count - done),
      seed * 1_000 + part,
    )) {
      const { output, waits } = compared.theirs
      if (isEqual(compared))
        add(output !== undefined ? 'equal in output' : waits ? 'waiting in both' : 'equal in failure')
      else {
        const difference = differenceOf(compared)
        add(difference ?? 'different')
        if (difference === undefined) different.push(compared)
      }
    }
    const seconds = Math.round((performance.now() - began) / 1_000)
    console.log(
      `${Math.min(done + TEMPLATES_PER_CATALOG, count)} of ${count}, ${different.length} different, ${seconds} s`,
    )
  }
  for (const compared of different.slice(0, SHOWN)) console.log(shown(compared))
  console.log(`${count} templates, seed ${seed}:`)
  for (const [what, times] of tally) console.log(`  ${times} ${what}`)
  return different.length === 0
}

/** Of one catalog. */
async function compareSome(program: string, many: number, seed: number): Promise<Compared[]> {
  const chance = chances(seed)
  const world = someWorld(chance)
  const consul = await startConsul({ limits: { http_max_conns_per_client: 4000 } })
  try {
    await furnish(consul, world)
    const ours = await openOurs(consul.address, env)
    try {
      const compared: Compared[] = []
      while (compared.length < many) {
        const wanted = Math.min(TEMPLATES_PER_PROCESS, many - compared.length)
        const templates = new Set<string>()
        while (templates.size < wanted) templates.add(someTemplate(world, chance))
        const { outcomes, answered } = await ours.outcomes([...templates])
        // consul-template would hold up the others for as long as it takes, or crash.
        const both = [...templates].map((template, at) => ({ template, ours: outcomes[at] as Outcome }))
        const finite = both.filter(({ ours }) => !ours.isEndless)
        const peer = { program, consul: consul.address, env }
        const asked = finite.map(({ template }) => template)
        const primer = primerFor(answered)
        const theirs = await theirOutcomes(asked, primer, peer)
        const found = finite.map((one, at) => {
          return { ...one, theirs: theirs[at] as Outcome, early: ours.earlyError(one.template) }
        })
        compared.push(...(await askedAgain(found, again => theirOutcomes(again, primer, peer))))
      }
      return compared
    } finally {
      ours.end()
    }
  } finally {
    await consul.stop()
  }
}

/** Those that differ without a reason that is known. */
async function askedAgain(
  compared: readonly Compared[],
  ask: (templates: readonly string[]) => Promise<Theirs[]>,
): Promise<Compared[]> {
  const isOpen = (one: Compared) => !isEqual(one) && differenceOf(one) === undefined
  const answers = await ask(compared.filter(isOpen).map(({ template }) => template))
  return compared.map(one => {
    const again = isOpen(one) ? answers.shift() : undefined
    if (again === undefined) return one
    return { ...one, isFickle: again.output !== one.theirs.output || again.error !== one.theirs.error }
  })
}

function shown({ template, theirs, ours, early }: Compared): string {
  const lines = [
    `--- ${JSON.stringify(template)}`,
    `  theirs: ${JSON.stringify(theirs)}`,
    `  ours:   ${JSON.stringify(ours)}`,
  ]
  if (early !== undefined) lines.push(`  early:  ${JSON.stringify(early)}`)
  return lines.map(line => (line.length > 3_000 ? `${line.slice(0, 3_000)}…` : line)).join('\n')
}
