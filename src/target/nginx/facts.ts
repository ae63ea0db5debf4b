import type { RenderedFile } from '../../model/generation.ts'
import { everywhere, readTree } from './tree.ts'

/** What our text in a foreign tree has to reckon with. */
export interface TreeFacts {
  /** Where somebody else's default_server for our port stands, `file:line`. */
  readonly defaultServer: string | undefined
  readonly upstreams: ReadonlySet<string> // lower case
  /** Longest server name the tree's hash holds. */
  readonly longestServerName: number
  readonly warnings: readonly string[]
}

/** nginx on 64-bit machines; a name may have 18 characters less (measured). */
const BUCKET_SIZE = 64

export function factsOf(conf: string, ours: readonly string[], listen: string): TreeFacts {
  // Ours are read as empty: what we wrote says nothing of what surrounds it.
  const tree = readTree(conf, new Map(ours.map(path => [path, ''])))
  const theirs = (name: string) => [...everywhere(tree, name)].filter(({ file }) => !ours.includes(file.path))

  const wanted = socketOf(listen)
  const found = theirs('listen').find(
    ({ directive: { args } }) =>
      socketOf(args[0] ?? '') === wanted && args.some(arg => arg === 'default_server' || arg === 'default'),
  )
  const defaultServer = found && `${found.file.path}:${found.directive.line}`
  const bucket = Number.parseInt(theirs('server_names_hash_bucket_size')[0]?.directive.args[0] ?? '', 10)
  return {
    defaultServer,
    upstreams: new Set(theirs('upstream').map(({ directive }) => (directive.args[0] ?? '').toLowerCase())),
    longestServerName: (Number.isNaN(bucket) ? BUCKET_SIZE : bucket) - 18,
    warnings:
      defaultServer === undefined
        ? []
        : [`${defaultServer} is the default_server for ${wanted} and answers unknown hosts; ours is left out`],
  }
}

/** Every port that the files of this configuration, as they are now, let nginx listen on, and that of `listen`. */
export function listenPorts(conf: string, listen: string): Set<number> {
  const inFiles = [...everywhere(readTree(conf), 'listen')].map(({ directive }) => directive.args[0] ?? '')
  return new Set([listen, ...inFiles].flatMap(portsOf))
}

/** nginx takes a range, too: `8000-8010`. */
function portsOf(listen: string): number[] {
  if (listen.startsWith('unix:')) return []
  const range = /(?:^|:)(\d+)-(\d+)$/.exec(listen)
  if (range === null) return [Number(/\d+$/.exec(socketOf(listen))?.[0])]
  const [first, last] = [Number(range[1]), Math.min(Number(range[2]), 65_535)]
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, position) => first + position)
}

/** What nginx binds: `80`, `*:80` and `0.0.0.0:80` are one, `127.0.0.1:80` and `unix:/x` are others. */
function socketOf(listen: string): string {
  if (listen.startsWith('unix:')) return listen
  if (/^\d+$/.test(listen)) return `*:${listen}`
  const [, host = listen, port = '80'] = /^(.*?)(?::(\d+))?$/.exec(listen) ?? []
  return `${host === '0.0.0.0' || host === '' ? '*' : host}:${port}`
}

/** Does any server block say that it answers unknown hosts? Without one, the first in the configuration does. */
export function hasDefaultServer(conf: string | undefined, files: readonly RenderedFile[]): boolean {
  // Read roughly: a comment that looks like one costs a warning, parsing all of it a tenth of a second.
  if (files.some(({ text }) => /\blisten\s[^;{}]*\sdefault(_server)?\b[^;{}]*;/.test(text))) return true
  if (conf === undefined) return false
  const tree = readTree(conf, new Map(files.map(({ path, text }) => [path, text])))
  return [...everywhere(tree, 'listen')].some(
    ({ directive: { args } }) => args.includes('default_server') || args.includes('default'),
  )
}
