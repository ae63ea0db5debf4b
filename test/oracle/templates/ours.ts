import { createCatalogStore } from '../../../src/catalog.ts'
import { UpstreamdError } from '../../../src/errors.ts'
import { createLookups } from '../../../src/lookups.ts'
import type { Catalog } from '../../../src/model/catalog.ts'
import { type Answer, type Known, type Query, queryId } from '../../../src/model/query.ts'
import type { ListedService } from '../../../src/model/selection.ts'
import { record } from '../../../src/render/asking.ts'
import { goLanguage } from '../../../src/render/gotmpl/index.ts'
import type { Template } from '../../../src/render/language.ts'
import { render } from '../../../src/render/render.ts'
import { type View, viewOf } from '../../../src/render/view.ts'
import type { Runtime } from '../../../src/runtime.ts'
import { listServices } from '../../../src/select/listed.ts'
import { ConsulConfig } from '../../../src/source/consul/config.ts'
import { consul } from '../../../src/source/consul/index.ts'
import { createConsulLookups } from '../../../src/source/consul/lookups.ts'
import type { LookupSource } from '../../../src/source/lookup.ts'
import { aRuntime, aSeen, aSelection, someSurroundings } from '../../support/builders.ts'
import { until } from '../../support/wait.ts'
import type { Outcome } from './theirs.ts'

export interface Ours {
  /** What it makes of these templates when all is known that is asked for; and what they asked for, as far as there is an answer. */
  outcomes(templates: readonly string[]): Promise<{ readonly outcomes: Outcome[]; readonly answered: readonly Query[] }>
  /** How it fails as long as nothing is known. */
  earlyError(template: string): string | undefined
  end(): void
}

/** Reads a Consul whose catalog does not change any more, as the daemon does for a plain file. */
export async function openOurs(address: string, env: Readonly<Record<string, string>>): Promise<Ours> {
  const { runtime, abort } = aRuntime()
  const config = ConsulConfig.parse({ type: 'consul', address })
  const listed = await servicesOf(config, runtime)
  const failed = new Set<string>()
  const source = noting(createConsulLookups(config, runtime), failed)
  const bug = new AbortController()
  const broken = (error: unknown) => bug.abort(error)
  const lookups = createLookups({ sources: [source], changed: () => {}, broken }, runtime)
  const around = someSurroundings({ env, trustsCatalog: true })
  const view = viewOf(aSeen(aSelection([]), { listed }), around)
  const early = viewOf(aSeen(aSelection([])), around, false)

  /** What is answered of these queries, when each has been answered or has failed. */
  async function answersTo(queries: ReadonlyMap<string, Query>): Promise<Known> {
    lookups.want([...queries.values()])
    const isOpen = ([id, query]: [string, Query]) => lookups.answer(query) === undefined && !failed.has(id)
    await until('answers to what is asked for', () => ![...queries].some(isOpen), 30_000, bug.signal)
    const answers = [...queries].map(([id, query]) => [id, lookups.answer(query)] as const)
    return new Map(answers.filter((entry): entry is [string, Answer] => entry[1] !== undefined))
  }

  return {
    async outcomes(templates) {
      const asked = new Map<string, Query>()
      const compiled = templates.map(text => compile(text, asked))
      const wanted = new Map<string, Query>()
      for (;;) {
        const known = await answersTo(wanted)
        const before = wanted.size
        const outcomes = compiled.map(one => ('error' in one ? one : rendered(one, view, known, wanted)))
        if (wanted.size > before) continue
        const isAnswered = ([id, query]: [string, Query]) =>
          !wanted.has(id) || (known.has(id) && !(query.kind === 'key' && query.blocks && known.get(id) === null))
        return { outcomes, answered: [...asked].filter(isAnswered).map(([, query]) => query) }
      }
    },
    earlyError(text) {
      const compiled = compile(text, new Map())
      if ('error' in compiled) return compiled.error
      return errorOf(() => compiled.render(early, record(early, new Map())))
    },
    end: abort,
  }
}

async function servicesOf(config: ConsulConfig, runtime: Runtime): Promise<ListedService[]> {
  const ending = new AbortController()
  try {
    const everything = Object.assign(() => true, { inFull: true, checksInFull: true })
    for await (const snapshot of consul.create(config, runtime).snapshots(everything, ending.signal)) {
      const store = createCatalogStore([snapshot.source])
      store.put(snapshot)
      return listServices(store.current() as Catalog)
    }
    throw new Error('the Consul gives no snapshot')
  } finally {
    ending.abort()
  }
}

function noting(source: LookupSource, failures: Set<string>): LookupSource {
  return {
    kinds: source.kinds,
    follow: (query, listener, signal) =>
      source.follow(
        query,
        {
          ...listener,
          failed(error, retryIn) {
            failures.add(queryId(query))
            listener.failed(error, retryIn)
          },
        },
        signal,
      ),
  }
}

/** The name of a template is part of Go's words; consul-template gives it none. */
function compile(text: string, asked: Map<string, Query>): Template | { readonly error: string } {
  let template: Template | undefined
  const error = errorOf(() => {
    template = goLanguage.compile({ path: '', text })
  })
  if (template === undefined) return { error: error ?? '' }
  const { render } = template
  return {
    ...template,
    render: (view, asking = record(view, new Map())) =>
      render(view, {
        ...asking,
        ask(query) {
          asked.set(queryId(query), query)
          return asking.ask(query)
        },
      }),
  }
}

function rendered(template: Template, view: View, known: Known, wanted: Map<string, Query>): Outcome {
  let outcome: Outcome = { waits: true }
  const error = errorOf(() => {
    const rendering = render([{ template, destination: 'out' }], view, { selection: aSelection([]), known })
    for (const [id, query] of rendering.wanted) wanted.set(id, query)
    const [file] = rendering.generation.files
    if (file !== undefined) outcome = { output: file.text }
  })
  if (error === BUDGET || /too deep or too large|exceeded maximum template depth/.test(error ?? ''))
    return { isEndless: true }
  return error === undefined ? outcome : { error }
}

const BUDGET = 'TEMPLATE_BUDGET'

/** `:line:column: ` and Go's words. */
function errorOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!(error instanceof UpstreamdError)) throw error
    if (error.code === BUDGET) return BUDGET
    return error.message.replace(/^:\d+:\d+: /, '')
  }
}
