import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { syncFolder, temporaryOf, writeNew } from './disk.ts'
import { reasonOf, systemCode } from './errors.ts'
import type { Snapshot } from './model/catalog.ts'
import type { Emit } from './observe/event.ts'

/** Milliseconds from a change to its writing, so that a catalog that moves all the time is not written all the time. */
const CALM_MS = 3_000
/** A large catalog is written piece by piece, and everything else goes on in between. */
const PIECE = 64 * 1024

/** What one source said last, on the disk: for a start without it. */
export interface LastSnapshot {
  /** What was known in the last run; undefined when there is nothing, or nothing that can be used. */
  recall(): Promise<Recalled | undefined>
  /** The source says this now: it is written down soon, and by the way. */
  keep(snapshot: Snapshot): void
  /** The source says nothing any more: from now on what it said grows old. */
  lost(): void
  /** Writes what is not written yet. */
  close(): Promise<void>
}

export interface Recalled {
  readonly snapshot: Snapshot
  readonly at: string // when it was still true, ISO 8601
  readonly age: number // ms since then
}

/** What a snapshot has to have in common with the one that is recalled: else it tells of another world, or too little. */
export interface Origin {
  readonly source: string
  readonly description: string // where it is read
  readonly holds: string // `everything`, or which services
}
export const EVERYTHING = 'everything'
/** All services, and all that is known of them but what checks say. */
export const BUT_CHECKS = 'everything in full, but checks'
/** All services, and all that is known of them. */
export const IN_FULL = 'everything in full'

const Header = z.object({
  format: z.literal(1),
  source: z.string(),
  description: z.string(),
  holds: z.string(),
  at: z.iso.datetime(),
  index: z.string(),
  services: z.number(), // how many lines follow
})

const Row = z.record(z.string(), z.unknown())

const Service = z.object({
  name: z.string(),
  source: z.string(),
  tags: z.array(z.string()),
  instances: z.array(
    z.object({
      id: z.string(),
      node: z.string(),
      address: z.string(),
      port: z.number(),
      tags: z.array(z.string()),
      meta: z.record(z.string(), z.string()),
      weight: z.number(),
      health: z.enum(['passing', 'warning', 'critical', 'maintenance']),
      createIndex: z.string(),
      row: z.object({ Node: Row, Service: Row, Checks: z.array(Row) }).exactOptional(),
    }),
  ),
})

/** One file for each source: a line about the snapshot, then a line for each service. */
export function openLastSnapshot(folder: string, origin: Origin, emit: Emit): LastSnapshot {
  const { source } = origin
  const path = join(folder, nameOf(source))
  const closing = new AbortController()
  let latest: Snapshot | undefined
  let lostAt: string | undefined
  let written: Snapshot | undefined
  let isFailing = false
  let writing: Promise<void> | undefined
  let reading: Promise<Recalled | undefined> | undefined

  async function keepWriting(): Promise<void> {
    while (!closing.signal.aborted && (latest !== written || isFailing)) {
      await sleep(CALM_MS, undefined, { signal: closing.signal }).catch(() => {}) // the end cuts it short
      if (!closing.signal.aborted) await write()
    }
    writing = undefined
  }

  async function write(isLast = false): Promise<void> {
    const snapshot = latest
    if (snapshot === undefined) return
    // Only the end is worth another time stamp.
    const isSame = !isFailing && isDeepStrictEqual(snapshot.services, written?.services)
    written = snapshot
    if (isSame && !isLast) return
    try {
      await replace(path, linesOf(snapshot, origin, lostAt ?? new Date().toISOString()))
      isFailing = false
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      if (!isFailing) warn(`cannot write down what ${source} says`, error)
      isFailing = true
    }
  }

  async function read(): Promise<Recalled | undefined> {
    try {
      return understand(await readFile(path, 'utf8'), origin)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') warn(`what ${source} said in the last run is not used`, error)
      return undefined
    }
  }

  function warn(what: string, why: unknown): void {
    emit({ type: 'source.memory_failed', source, problem: `${what}: ${reasonOf(why)}` })
  }

  return {
    recall() {
      reading ??= read()
      return reading
    },
    keep(snapshot) {
      latest = snapshot
      lostAt = undefined
      writing ??= keepWriting()
    },
    lost() {
      lostAt ??= new Date().toISOString()
    },
    async close() {
      closing.abort()
      await writing
      await write(true)
    },
  }
}

function nameOf(source: string): string {
  if (/^[\w-]+$/.test(source)) return `${source}.ndjson`
  const key = createHash('sha256').update(source).digest('hex').slice(0, 12)
  return `${/^\w*/.exec(source)}-${key}.ndjson`
}

function* linesOf({ index, services }: Snapshot, origin: Origin, at: string): Generator<string> {
  let piece = `${JSON.stringify({ format: 1, ...origin, at, index, services: services.length })}\n`
  for (const service of services) {
    piece += lineOf(service)
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield piece
}

/** Most services are the same objects as the last time. */
const lines = new WeakMap<Snapshot['services'][number], string>()

function lineOf(service: Snapshot['services'][number]): string {
  const line = lines.get(service) ?? `${JSON.stringify(service)}\n`
  lines.set(service, line)
  return line
}

/** All of it or nothing, and closed to others. */
async function replace(path: string, pieces: Iterable<string>): Promise<void> {
  const temporary = temporaryOf(path)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rm(temporary, { force: true }) // of a run that was killed before its rename
  await writeNew(temporary, pieces, 0o600)
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** Throws why it cannot be used. */
function understand(text: string, origin: Origin): Recalled {
  const [first = '', ...lines] = text.trimEnd().split('\n')
  const { at, index, services, ...from } = parse(Header, first)
  if (from.description !== origin.description) throw new Error(`it was read from ${from.description}`)
  // What is not in it would pass for gone.
  if (!isEnough(from.holds, origin.holds)) throw new Error(`it holds only ${from.holds}`)
  if (services !== lines.length) throw new Error(`it has ${lines.length} services where ${services} were written`)

  const snapshot = { source: origin.source, index, services: lines.map(line => parse(Service, line)) }
  return { snapshot, at, age: Math.max(0, Date.now() - Date.parse(at)) }
}

function isEnough(held: string, wanted: string): boolean {
  return held === wanted || more.indexOf(held) >= Math.max(0, more.indexOf(wanted))
}

/** Each holds what stands before it, too. */
const more = [EVERYTHING, BUT_CHECKS, IN_FULL]

function parse<T>(schema: z.ZodType<T>, line: string): T {
  const parsed = schema.safeParse(JSON.parse(line))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`)
}
