import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { prettifyError } from 'zod'
import { systemCode, UpstreamdError } from '../../errors.ts'
import { compare, type Instance, type Snapshot, toServices } from '../../model/catalog.ts'
import { defineModule } from '../../registry.ts'
import { watchFiles } from '../../watch-files.ts'
import { parseYaml } from '../../yaml.ts'
import type { Interest, Source } from '../source.ts'
import { Wakeup } from '../wakeup.ts'
import { FileConfig, FileServices } from './config.ts'

/** A file of services: the embedded default, and a way to add what no registry knows. */
export const file = defineModule<Source>()({
  config: FileConfig,
  create: ({ path }) => ({
    name: `file:${path}`,
    description: `file ${path}`,
    snapshots: (interest, signal) => snapshots(path, interest, signal),
  }),
})

async function* snapshots(path: string, interest: Interest, signal: AbortSignal): AsyncGenerator<Snapshot> {
  const ended = new AbortController()
  const wakeup = new Wakeup()
  const wake = () => wakeup.ring()
  signal.addEventListener('abort', wake, { once: true })
  watchFiles([path], wake, AbortSignal.any([signal, ended.signal]))
  try {
    while (!signal.aborted) {
      yield toSnapshot(path, await read(path), interest)
      await wakeup.rung()
    }
  } finally {
    ended.abort()
    signal.removeEventListener('abort', wake)
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UpstreamdError('SOURCE_UNREACHABLE', systemCode(error) ?? 'it cannot be read')
  }
}

/** Throws SOURCE_MALFORMED. */
function toSnapshot(path: string, text: string, interest: Interest): Snapshot {
  const name = `file:${path}`
  const parsed = FileServices.safeParse(parse(text))
  if (!parsed.success) throw new UpstreamdError('SOURCE_MALFORMED', prettifyError(parsed.error))

  const index = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return {
    source: name,
    index,
    services: toServices(name, toInstances(parsed.data)).filter(({ name, tags }) => interest(name, tags)),
  }
}

function parse(text: string): unknown {
  try {
    return parseYaml(text) // JSON is YAML
  } catch (error) {
    throw new UpstreamdError('SOURCE_MALFORMED', 'it is neither YAML nor JSON', { cause: error })
  }
}

/** A file has no history: the order in it stands in for the age of a registration. */
function toInstances({ services }: FileServices): Map<string, Instance[]> {
  const byName = new Map<string, Instance[]>()
  for (const [position, service] of services.entries()) {
    const known = byName.get(service.name) ?? []
    byName.set(service.name, known)
    for (const instance of service.instances) {
      known.push({
        id: instance.id ?? `${service.name}/${known.length + 1}`,
        node: instance.node,
        address: instance.address,
        port: instance.port,
        tags: [...new Set([...service.tags, ...instance.tags])].sort(compare),
        meta: { ...service.meta, ...instance.meta },
        weight: instance.weight,
        health: instance.health,
        createIndex: String(position + 1),
      })
    }
  }
  return byName
}
