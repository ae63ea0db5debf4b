import { createContext, Script } from 'node:vm'
import { reasonOf, UpstreamdError } from '../../errors.ts'
import { type Piece, type Printed, printed } from '../../model/generation.ts'
import { record } from '../asking.ts'
import type { Asking, TemplateLanguage, TemplateSource } from '../language.ts'
import type { View } from '../view.ts'
import { StrictCompiler } from './compiler.ts'
import { type EntryNode, type FilterNode, type Node, nodes, parser, transformer } from './internals.ts'
import { lookups } from './lookups.ts'
import { takeLoops } from './loops.ts'
import { holdsMark, PLACE, Provenance } from './provenance.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { environment, once, type Run, scopeOf } from './run.ts'
import { LookupError, strictRuntime } from './strict.ts'

/**
 * A render that takes longer is stopped: an endless loop must not stop the daemon, and whose loop it is must be found by
 * rendering parts of the catalog. Measured: 20 µs for a service of the shipped template.
 */
const RENDER_MS = { least: 500, perService: 2, most: 5_000 }
/** So many services are rendered within a few milliseconds. */
const FEW = 100
/** Milliseconds of preparing after which others have their turn. */
const TURN_MS = 10
/** Text larger than this is no nginx configuration. */
const RENDER_BYTES = 256 * 1024 * 1024

export const nunjucksLanguage: TemplateLanguage = {
  name: 'nunjucks',
  extensions: ['.njk'],
  compile(source) {
    const translated = translate(source)
    return {
      source,
      // What `service` is asked for is known when it is asked.
      uses: name => name !== 'checks' && translated.names.has(name === 'listed' ? 'service' : name),
      render: (view, asking = record(view, new Map())) => renderWith(source, translated, view, asking),
      prepare: view => prepareWith(translated, view),
    }
  },
}

interface Translated {
  readonly run: Run
  readonly loops: readonly Rounds[] // taken out of it
  readonly names: ReadonlySet<unknown> // it mentions
  readonly literals: ReadonlySet<string> // texts of its own, which are no data wherever they are printed
}

function translate(source: TemplateSource): Translated {
  if (holdsMark(source.text)) {
    throw new UpstreamdError('TEMPLATE_SYNTAX', `${source.path}:1:1: U+FDD0 stands for nothing and may not be used`)
  }
  try {
    const tree = parser.parse(source.text, [], {})
    refuseIncludes(source, tree)
    refuseUnknownFilters(source, tree)
    const keys = (tree.findAll(nodes.Pair) as EntryNode[]).map(({ key }) => key)
    const texts = [...tree.findAll(nodes.Literal), ...keys].map(node => node.value)
    const known = {
      names: new Set(tree.findAll(nodes.Symbol).map(node => node.value)),
      literals: new Set(texts.filter(value => typeof value === 'string')),
    }
    const loops = takeLoops(tree).map(loop => createRounds(loop, runOf(source, new nodes.Root(0, 0, [loop.body]))))
    return { run: runOf(source, tree), loops, ...known }
  } catch (error) {
    if (error instanceof UpstreamdError) throw error
    const { line, column, text } = placeOf(error, 0)
    const place = line > 0 ? `${line}:${column}` : endOf(source.text)
    throw new UpstreamdError('TEMPLATE_SYNTAX', `${source.path}:${place}: ${text}`)
  }
}

function runOf(source: TemplateSource, tree: Node): Run {
  const compiler = new StrictCompiler(source.path, true)
  compiler.compile(transformer.transform(tree, []))
  return (new Function(compiler.getCode())() as { root: Run }).root
}

/** The parser has no place for what it missed at the end. */
function endOf(text: string): string {
  const lines = text.split('\n')
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`
}

/** A template stands alone: what it would include could neither be watched nor kept with the last good one. */
function refuseIncludes(source: TemplateSource, tree: Node): void {
  for (const type of [nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block]) {
    const [node] = tree.findAll(type)
    if (node === undefined) continue

    const place = `${source.path}:${node.lineno + 1}:${node.colno + 1}`
    throw new UpstreamdError('TEMPLATE_SYNTAX', `${place}: a template stands alone: ${node.typename} is not supported`)
  }
}

function refuseUnknownFilters(source: TemplateSource, tree: Node): void {
  for (const filter of tree.findAll(nodes.Filter) as FilterNode[]) {
    const name = String(filter.name.value)
    if (Object.hasOwn(environment.filters, name)) continue

    const place = `${source.path}:${filter.name.lineno + 1}:${filter.name.colno + 1}`
    throw new UpstreamdError('TEMPLATE_UNDEFINED', `${place}: filter ${name} is undefined`)
  }
}

function renderWith(
  source: TemplateSource,
  { run, loops, names, literals }: Translated,
  view: View,
  asking: Asking,
): Printed {
  const provenance = new Provenance(view, literals)
  const asked = lookups(view, asking, text => provenance.trust(text))
  const limit = limitFor(view, names)
  const runtime = strictRuntime(provenance)
  const pieces: Piece[] = []
  function add(piece: Piece): void {
    if (piece.text === '') return
    pieces.push(piece)
    size += piece.text.length
    if (size > RENDER_BYTES) throw new BudgetError(`gives more than ${RENDER_BYTES} bytes of text`)
  }
  let size = 0
  const job = () => {
    // Between two places of loops stands the number of one.
    for (const [at, part] of once(run, scopeOf(view, asked), runtime).split(PLACE).entries()) {
      if (at % 2 === 0) add(provenance.finish(part))
      else for (const piece of loops[Number(part)]?.pieces(view, provenance, runtime) ?? []) add(piece)
    }
  }
  try {
    within(limit, job)
  } catch (error) {
    throw failure(source, error, provenance.current, limit)
  }
  return printed(pieces)
}

async function prepareWith({ loops, literals }: Translated, view: View): Promise<void> {
  const provenance = new Provenance(view, literals)
  const runtime = strictRuntime(provenance)
  for (const loop of loops) {
    if (loop.missing(view) < FEW) continue
    const pieces = loop.pieces(view, provenance, runtime)
    for (let isDone = false; !isDone; await new Promise(setImmediate)) {
      try {
        within(TURN_MS * 10, () => {
          const until = performance.now() + TURN_MS
          while (!isDone && performance.now() < until) isDone = pieces.next().done ?? false
        })
      } catch {
        return // a template that fails, or hangs, does so when it is rendered
      }
    }
  }
}

/** Milliseconds. */
function limitFor(view: View, names: Translated['names']): number {
  const looksAtAll = names.has('services') || names.has('service')
  const services = view.sites.length + view.unavailable.length + (looksAtAll ? view.services.length : 0)
  return Math.min(RENDER_MS.least + RENDER_MS.perService * services, RENDER_MS.most)
}

/** More time or more text than a configuration can need. */
class BudgetError extends Error {}

/** Runs `job` under V8's own watchdog, which ends even a loop that never yields. */
function within(timeout: number, job: () => void): void {
  watched.job = job
  try {
    watchdog.runInContext(sandbox, { timeout })
  } finally {
    watched.job = undefined
  }
}

const watched: { job: (() => void) | undefined } = { job: undefined }
const sandbox = createContext(watched)
const watchdog = new Script('job()')

function failure(source: TemplateSource, error: unknown, service: string | undefined, limit: number): UpstreamdError {
  // Thrown from the watchdog's own context, so it is no instance of this one's Error.
  const isLate = (error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  if (isLate || error instanceof BudgetError) {
    const problem = isLate ? `did not finish rendering in ${limit} ms` : reasonOf(error)
    return new UpstreamdError('TEMPLATE_BUDGET', `${source.path}: ${problem}`, { service })
  }
  const { line, column, text } = placeOf(error, 1)
  const code = error instanceof LookupError ? 'TEMPLATE_UNDEFINED' : 'TEMPLATE_FAILED'
  return new UpstreamdError(code, `${source.path}:${line}:${column}: ${text}`, { service })
}

/**
 * nunjucks' errors carry positions in fields, and once more in the text, which is cut off here.
 * The parser counts from 1, the running template from 0, our own lookups from 1.
 */
function placeOf(error: unknown, offset: 0 | 1): { line: number; column: number; text: string } {
  const thrown = error as { message?: string; lineno?: number; colno?: number }
  if (error instanceof LookupError) return { line: error.lineno, column: error.colno, text: error.message }
  const add = thrown.message?.startsWith('attempted to output') ? 0 : offset
  const text = (thrown.message ?? String(error))
    .replace(/^\(.*?\)( \[Line \d+, Column \d+\])?\s*/, '')
    .replace(/^Error: /, '')
    .trim()
  return { line: (thrown.lineno ?? 0) + add, column: (thrown.colno ?? 0) + add, text }
}
