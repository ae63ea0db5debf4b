import type { RenderedFile } from '../../model/generation.ts'
import { find, parseDirectives } from './tokens.ts'
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
  const tree = readTree(conf)
  const theirs = (name: string) => [...everywhere(tree, name)].filter(({ file }) => !ours.includes(file.path))

  const port = portOf(listen)
  const found = theirs('listen').find(
    ({ directive: { args } }) =>
      portOf(args[0] ?? '') === port && args.some(arg => arg === 'default_server' || arg === 'default'),
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
        : [`${defaultServer} is the default_server for port ${port} and answers unknown hosts; ours is left out`],
  }
}

/** `80`, `127.0.0.1:80`, `[::]:80` → '80'; an address without a port means 80. */
function portOf(listen: string): string {
  return /^(?:.*:)?(\d+)$/.exec(listen)?.[1] ?? '80'
}

/** Does any server block say that it answers unknown hosts? Without one, the first in the configuration does. */
export function hasDefaultServer(conf: string | undefined, files: readonly RenderedFile[]): boolean {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const all =
    conf === undefined
      ? files.map(({ text }) => parseDirectives(text))
      : [...readTree(conf, texts).files.values()].map(file => file.directives)
  return all.some(directives =>
    [...find(directives, 'listen')].some(({ args }) => args.includes('default_server') || args.includes('default')),
  )
}
