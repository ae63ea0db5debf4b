import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Config } from './config.ts'
import { createDelivery, type Delivery } from './delivery.ts'
import { withoutSecrets } from './environment.ts'
import { isOf, UpstreamdError } from './errors.ts'
import { openMemory } from './memory.ts'
import { compare } from './model/catalog.ts'
import { loadTemplates, type TemplateSpec } from './render/templates.ts'
import type { Surroundings } from './render/view.ts'
import type { Runtime } from './runtime.ts'
import type { SelectionRules } from './select/rules.ts'
import { shipped } from './shipped.ts'
import { sources } from './source/registry.ts'
import type { Source } from './source/source.ts'
import { isAtLeast, type NginxBinary, probe } from './target/nginx/binary.ts'
import { factsOf, type TreeFacts } from './target/nginx/facts.ts'
import { reads, readTree } from './target/nginx/tree.ts'
import { targets } from './target/registry.ts'

/** Everything a daemon needs, made from one configuration. */
export interface Plan {
  readonly layout: 'own' | 'adopt' | 'files'
  readonly sources: readonly Source[]
  readonly deliveries: readonly Delivery[]
  readonly warnings: readonly string[]
}

/** Which templates go where, decided before anything is made. */
export interface Layout {
  readonly nginx:
    | {
        readonly kind: 'own' | 'adopt'
        readonly conf: string
        readonly binary: NginxBinary
        readonly outputs: readonly Entry[]
      }
    | undefined
  readonly files: readonly Entry[]
}

export interface Entry extends TemplateSpec {
  readonly command: string | undefined
}

/** Above everything a name can have: our own nginx.conf sets the hash sizes to fit. */
const ANY_LENGTH = 253

/**
 * `-nginx-conf` wins; else a destination that the compiled-in configuration reads; else, without templates or
 * with relative destinations, our own layout; else plain files, for which nginx is neither needed nor started.
 */
export async function chooseLayout(config: Config, signal: AbortSignal): Promise<Layout> {
  const entries = config.template.map(({ source, destination, command }): Entry => {
    if (destination === undefined) throw new UpstreamdError('CONFIG_INVALID', `template ${source} has no destination`)
    return { path: resolve(source), destination, command }
  })
  const relative = entries.filter(({ destination }) => !destination.startsWith('/'))
  const absolute = entries.filter(({ destination }) => destination.startsWith('/'))
  if (config.nginx_conf !== undefined)
    return adopt(config.nginx_conf, await probe(config.nginx_bin, signal), entries, true)

  const binary = await probe(config.nginx_bin, signal).catch(error => {
    // Who only writes files needs no nginx.
    if (isOf('target', error) && absolute.length > 0 && relative.length === 0) return undefined
    throw error
  })
  if (binary !== undefined) {
    const adopted = adopt(binary.conf, binary, entries, false)
    if (adopted.nginx !== undefined) return adopted
    if (entries.length === 0 || relative.length > 0) return { nginx: own(binary, relative), files: absolute }
  }
  return { nginx: undefined, files: absolute }
}

function adopt(conf: string, binary: NginxBinary, entries: readonly Entry[], isAsked: boolean): Layout {
  const tree = readTree(conf)
  const inside = entries.filter(({ destination }) => destination.startsWith('/') && reads(tree, destination))
  const outside = entries.filter(entry => !inside.includes(entry))
  if (inside.length === 0 && isAsked) {
    const asked = entries.map(({ destination }) => destination).join(', ') || 'there is no -template'
    throw new UpstreamdError('CONFIG_INVALID', `no template has a destination that ${conf} includes (${asked})`)
  }
  const stray = inside.length > 0 ? outside.find(({ destination }) => !destination.startsWith('/')) : undefined
  if (stray !== undefined) {
    throw new UpstreamdError(
      'CONFIG_INVALID',
      `template ${stray.path}: the relative destination ${stray.destination} is for our own nginx.conf, but ${conf} is adopted`,
    )
  }
  return { nginx: inside.length === 0 ? undefined : { kind: 'adopt', conf, binary, outputs: inside }, files: outside }
}

function own(binary: NginxBinary, given: readonly Entry[]): NonNullable<Layout['nginx']> {
  const frame = { path: shipped('nginx/nginx.conf.njk'), destination: 'nginx.conf', command: undefined }
  const ingress = { path: shipped('ctmpl/ingress.conf.njk'), destination: 'conf.d/ingress.conf', command: undefined }
  const hasFrame = given.some(({ destination }) => destination === 'nginx.conf')
  const outputs = [...(hasFrame ? [] : [frame]), ...(given.length === 0 ? [ingress] : given)]
  return { kind: 'own', conf: '', binary, outputs: outputs.sort((a, b) => compare(a.destination, b.destination)) }
}

/** Makes sources, targets and deliveries. Throws what is wrong with configuration, templates or nginx. */
export async function makePlan(config: Config, mayStart: boolean, runtime: Runtime): Promise<Plan> {
  const { nginx, files } = await chooseLayout(config, runtime.signal)
  const { rules, around, warnings } = viewSurroundings(config, nginx)
  const policy = { maxLoss: config.max_loss, holdFor: config.hold }
  const fingerprint = JSON.stringify([config.tag, config.health, config.domain, config.server_names, config.source])

  async function delivery(
    entries: readonly Entry[],
    state: string,
    target: object & { type: string },
    around: Surroundings,
    isSpeaker: boolean,
  ) {
    const made = targets.create({ ...target, state } as { type: string }, runtime)
    const memory = await openMemory(state, fingerprint)
    const templates = loadTemplates(entries, memory.texts, runtime.emit)
    return createDelivery({ templates, target: made, rules, around, policy, memory, isSpeaker })
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
      all_told_by_command: nginx.outputs.every(({ command }) => command !== undefined),
      on_exit: config.on_exit,
      stop_timeout: config.stop_timeout,
      may_start: mayStart,
    }
    const state = join(config.state_dir, nginx.kind === 'own' ? 'nginx' : `nginx-${keyOf(nginx.conf)}`)
    deliveries.push(await delivery(nginx.outputs, state, target, around, true))
  }
  for (const entry of files) {
    const { destination, command } = entry
    const target = { type: 'files', destination: resolve(destination), ...(command !== undefined && { command }) }
    const state = join(config.state_dir, `file-${keyOf(destination)}`)
    deliveries.push(
      await delivery([entry], state, target, viewSurroundings(config, undefined).around, deliveries.length === 0),
    )
  }
  return {
    layout: nginx?.kind ?? 'files',
    sources: makeSources(config, runtime),
    deliveries,
    warnings,
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

/** The module reads durations as people write them. */
function sectionOf({ consul, max_stale }: Config): object {
  return { ...consul, max_stale: `${max_stale}ms` }
}

/** What selection and templates have to know of where their text goes. */
export function viewSurroundings(
  config: Config,
  nginx: Layout['nginx'],
): { rules: Omit<SelectionRules, 'resolved'>; around: Surroundings; warnings: readonly string[] } {
  const ours = nginx?.outputs.map(({ destination }) => destination) ?? []
  const facts = nginx?.kind === 'adopt' ? factsOf(nginx.conf, ours, config.listen) : undefined
  const version = nginx?.binary.version ?? ''
  return {
    rules: rulesOf(config, facts),
    around: {
      domain: config.domain ?? '',
      listen: config.listen,
      nginx: {
        version,
        ownsDefaultServer: facts?.defaultServer === undefined,
        hasKeepaliveMinTimeout: version !== '' && isAtLeast(version, '1.27.4'),
        isRoot: process.getuid?.() === 0,
      },
      // Templates for the nginx tree read only what they were given; others what any program would see.
      env: nginx === undefined ? withoutSecrets(process.env) : allowed(config),
    },
    warnings: facts?.warnings ?? [],
  }
}

function rulesOf(config: Config, facts: TreeFacts | undefined): Omit<SelectionRules, 'resolved'> {
  const unwanted = config.tag.filter(tag => tag.startsWith('!')).map(tag => tag.slice(1))
  return {
    tags: { all: config.tag.filter(tag => !tag.startsWith('!')), none: unwanted },
    health: config.health,
    serverName: { form: config.server_names, domain: config.domain, longest: facts?.longestServerName ?? ANY_LENGTH },
    reservedUpstreams: facts?.upstreams ?? new Set(),
  }
}

function allowed(config: Config): Record<string, string> {
  return Object.fromEntries(config.template_env.map(name => [name, process.env[name] ?? '']))
}

function keyOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12)
}
