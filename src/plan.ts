import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from './config.ts'
import { createDelivery, type Delivery } from './delivery/delivery.ts'
import { createDemands } from './delivery/demand.ts'
import { withReloadBudget } from './delivery/reload-budget.ts'
import { type Entry, waitOf } from './entries.ts'
import { withoutSecrets } from './environment.ts'
import { UpstreamdError } from './errors.ts'
import { chooseLayout, type Layout } from './layout-choice.ts'
import { createLookups } from './lookups.ts'
import { openMemory } from './memory.ts'
import { loadTemplates } from './render/templates.ts'
import type { Surroundings } from './render/view.ts'
import type { Runtime } from './runtime.ts'
import { canonicalIp } from './select/address.ts'
import type { LastingRules, Refusals } from './select/rules.ts'
import { isShipped } from './shipped.ts'
import { ConsulConfig } from './source/consul/config.ts'
import { createConsulLookups } from './source/consul/lookups.ts'
import { createFileLookups } from './source/file/lookups.ts'
import type { LookupSource } from './source/lookup.ts'
import { sources } from './source/registry.ts'
import type { Source } from './source/source.ts'
import { isAtLeast } from './target/nginx/binary.ts'
import { factsOf, listenPorts, type TreeFacts } from './target/nginx/facts.ts'
import { targets } from './target/registry.ts'

/** Everything a daemon needs, made from one configuration. */
export interface Plan {
  readonly layout: 'own' | 'adopt' | 'files'
  /** What cannot change while we run: another state folder, another nginx. */
  readonly identity: string
  readonly sources: readonly Source[]
  /** The folder for what the sources said last. */
  readonly snapshots: string
  readonly deliveries: readonly Delivery[]
  /** `listener` is called whenever an answer to what templates ask for beyond the services is other than before. */
  onAnswer(listener: () => void): void
  readonly warnings: readonly string[]
}

/** Above everything a name can have: our own nginx.conf sets the hash sizes to fit. */
const ANY_LENGTH = 253

/** Makes sources, targets and deliveries. Throws what is wrong with configuration, templates or nginx. */
export async function makePlan(
  config: Config,
  mayStart: boolean,
  runtime: Runtime,
  broken: (bug: unknown) => void,
): Promise<Plan> {
  const { nginx, files, warnings: strays } = await chooseLayout(config, runtime.signal)
  const { rules, warnings } = viewSurroundings(config, nginx)
  const policy = { maxLoss: config.max_loss, holdFor: config.hold }
  const fingerprint = JSON.stringify([
    config.tag,
    config.health,
    config.domain,
    config.server_names,
    config.source,
    config.on_empty,
  ])

  let answered = () => {}
  const changed = () => answered()
  const demands = createDemands(createLookups({ sources: lookupsOf(config, runtime), changed, broken }, runtime))

  async function delivery(
    entries: readonly Entry[],
    state: string,
    target: object & { type: string },
    around: () => Surroundings,
    trustsCatalog: boolean,
  ) {
    const plain = targets.create({ ...target, state } as { type: string }, runtime)
    const made = target.type === 'nginx' ? withReloadBudget(plain, config.reload_interval, runtime) : plain
    const asked = entries.map(({ destination, language, options }) => ({ destination, language, options }))
    // Its hash: the environment may hold what nobody else should read.
    const conditions = keyOf(JSON.stringify([around(), asked, config.check_output]))
    const memory = await openMemory(state, { rules: fingerprint, conditions })
    const templates = loadTemplates(entries, memory.texts, runtime.emit)
    const wait = waitOf(entries, config.wait)
    const { now } = runtime.clock
    const isSpeaker = deliveries.length === 0
    const parts = { templates, target: made, rules, around, policy, memory, wait, isSpeaker, trustsCatalog, now }
    return createDelivery({ ...parts, demand: demands() })
  }

  const deliveries: Delivery[] = []
  if (nginx !== undefined) {
    const commands = Object.fromEntries(
      nginx.outputs.flatMap(({ destination, command }) => (command === undefined ? [] : [[destination, command]])),
    )
    const target = {
      type: 'nginx',
      layout: nginx.kind,
      conf: nginx.conf,
      binary: nginx.binary,
      commands,
      rights: Object.fromEntries(nginx.outputs.map(({ destination, rights }) => [destination, rights])),
      all_told_by_command: nginx.outputs.every(({ command }) => command !== undefined),
      on_exit: config.on_exit,
      stop_timeout: config.stop_timeout,
      // In a tree of somebody else's, the program of `exec` is who starts nginx.
      may_start: mayStart && !(nginx.kind === 'adopt' && config.exec !== undefined),
      check_output: config.check_output,
    }
    const state = join(config.state_dir, nginx.kind === 'own' ? 'nginx' : `nginx-${keyOf(nginx.conf)}`)
    const around = () => viewSurroundings(config, nginx).around
    deliveries.push(await delivery(nginx.outputs, state, target, around, config.trust_catalog))
  }
  const plain = viewSurroundings(config, undefined).around
  for (const entry of files) {
    const { destination, command, rights } = entry
    const target = {
      type: 'files',
      destination: resolve(destination),
      rights,
      ...(command !== undefined && { command }),
    }
    const state = join(config.state_dir, `file-${keyOf(destination)}`)
    deliveries.push(await delivery([entry], state, target, () => plain, true))
  }
  return {
    layout: nginx?.kind ?? 'files',
    identity: JSON.stringify([config.state_dir, nginx?.kind, nginx?.conf, config.exec]),
    sources: makeSources(config, runtime),
    snapshots: join(config.state_dir, 'snapshots'),
    deliveries,
    onAnswer(listener) {
      answered = listener
    },
    warnings: [...strays, ...warnings],
  }
}

export function makeSources(config: Config, runtime: Runtime): Source[] {
  return config.source.map(source => makeSource(source, config, runtime))
}

function makeSource(text: string, config: Config, runtime: Runtime): Source {
  if (text === 'consul') return sources.create({ type: 'consul', ...sectionOf(config) }, runtime)
  const path = /^file:(.+)$/.exec(text)?.[1]
  if (path === undefined) throw new UpstreamdError('CONFIG_INVALID', `source "${text}" is neither consul nor file:PATH`)
  return sources.create({ type: 'file', path: resolve(path) } as { type: string }, runtime)
}

/** Who answers what templates ask for beyond the services. */
export function lookupsOf(config: Config, runtime: Runtime): LookupSource[] {
  const ofFiles = createFileLookups(runtime.clock)
  if (!config.source.includes('consul')) return [ofFiles]
  return [ofFiles, createConsulLookups(ConsulConfig.parse({ type: 'consul', ...sectionOf(config) }), runtime)]
}

/** The module reads durations as people write them. */
function sectionOf({ consul, max_stale }: Config): object {
  return { ...consul, max_stale: `${max_stale}ms` }
}

/** What selection and templates have to know of where their text goes. */
export function viewSurroundings(
  config: Config,
  nginx: Layout['nginx'],
): { rules: LastingRules; around: Surroundings; warnings: readonly string[] } {
  const ours = nginx?.outputs.map(({ destination }) => destination) ?? []
  const facts = nginx?.kind === 'adopt' ? factsOf(nginx.conf, ours, config.listen) : undefined
  const version = nginx?.binary.version ?? ''
  return {
    rules: rulesOf(config, facts, refusalsOf(config, nginx)),
    around: {
      domain: config.domain ?? '',
      listen: config.listen,
      nginx: {
        version,
        ownsDefaultServer: facts?.defaultServer === undefined,
        isShipped: nginx?.kind === 'own' && nginx.outputs.every(({ path }) => isShipped(path)),
        hasKeepaliveMinTimeout: version !== '' && isAtLeast(version, '1.27.4'),
        isRoot: process.getuid?.() === 0,
      },
      // Templates for the nginx tree read only what they were given; others what any program would see.
      env: nginx === undefined ? withoutSecrets(process.env) : allowed(config),
      trustsCatalog: nginx === undefined || config.trust_catalog,
    },
    warnings: facts?.warnings ?? [],
  }
}

function rulesOf(config: Config, facts: TreeFacts | undefined, refusals: () => Refusals): LastingRules {
  const unwanted = config.tag.filter(tag => tag.startsWith('!')).map(tag => tag.slice(1))
  return {
    tags: { all: config.tag.filter(tag => !tag.startsWith('!')), none: unwanted },
    health: config.health,
    serverName: { form: config.server_names, domain: config.domain, longest: facts?.longestServerName ?? ANY_LENGTH },
    reservedUpstreams: facts?.upstreams ?? new Set(),
    onEmpty: config.on_empty,
    // Asked for every selection: a machine's addresses come and go, as a floating one does.
    get refusals() {
      return refusals()
    },
  }
}

/** The ports are read once: they change with the configuration, and that is when an operator sends SIGHUP. */
function refusalsOf(config: Config, nginx: Layout['nginx']): () => Refusals {
  const loopback = config.refuse.includes('loopback')
  if (!config.refuse.includes('listen')) return () => ({ loopback, self: undefined })
  const conf = nginx?.kind === 'own' ? join(config.state_dir, 'nginx/current/nginx.conf') : (nginx?.conf ?? '')
  let ports: ReadonlySet<number> | undefined
  return () => {
    ports ??= listenPorts(conf, config.listen)
    return { loopback, self: { addresses: localAddresses(), ports } }
  }
}

function localAddresses(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  return new Set(all.flatMap(({ address }) => canonicalIp(address) ?? []))
}

function allowed(config: Config): Record<string, string> {
  return Object.fromEntries(config.template_env.map(name => [name, process.env[name] ?? '']))
}

function keyOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12)
}
