import { dirname, normalize } from 'node:path'
import type { Config } from './config.ts'
import { type Entry, entriesOf } from './entries.ts'
import { isOf, UpstreamdError } from './errors.ts'
import { compare } from './model/catalog.ts'
import { shipped } from './shipped.ts'
import { asItIs } from './target/destination.ts'
import { type NginxBinary, probe } from './target/nginx/binary.ts'
import { reads, readTree } from './target/nginx/tree.ts'

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
  readonly warnings: readonly string[]
}

/**
 * `-nginx-conf` wins; else a destination that the compiled-in configuration reads; else, without templates or
 * with relative destinations, our own layout; else plain files, for which nginx is neither needed nor started.
 */
export async function chooseLayout(config: Config, signal: AbortSignal): Promise<Layout> {
  const entries = entriesOf(config)
  const relative = entries.filter(({ destination }) => !destination.startsWith('/'))
  const absolute = entries.filter(({ destination }) => destination.startsWith('/'))
  if (config.nginx_conf !== undefined)
    return adopt(normalize(config.nginx_conf), await probe(config.nginx_bin, signal), entries, true)

  const binary = await probe(config.nginx_bin, signal).catch(error => {
    // Who only writes files needs no nginx.
    if (isOf('target', error) && absolute.length > 0 && relative.length === 0) return undefined
    throw error
  })
  if (binary !== undefined) {
    const adopted = adopt(binary.conf, binary, entries, false)
    if (adopted.nginx !== undefined) return adopted
    if (entries.length === 0 || relative.length > 0) {
      return { nginx: own(binary, relative), files: absolute, warnings: unread(absolute, binary) }
    }
    return { nginx: undefined, files: absolute, warnings: unread(absolute, binary) }
  }
  return { nginx: undefined, files: absolute, warnings: [] }
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
  const nginx = inside.length === 0 ? undefined : ({ kind: 'adopt', conf, binary, outputs: inside } as const)
  return { nginx, files: outside, warnings: unread(outside, binary) }
}

function own(binary: NginxBinary, given: readonly Entry[]): NonNullable<Layout['nginx']> {
  const plain = { command: undefined, rights: asItIs, wait: undefined }
  const frame = { ...plain, path: shipped('nginx/nginx.conf.njk'), destination: 'nginx.conf' }
  const ingress = { ...plain, path: shipped('ctmpl/ingress.conf.njk'), destination: 'conf.d/ingress.conf' }
  const hasFrame = given.some(({ destination }) => destination === 'nginx.conf')
  const outputs = [...(hasFrame ? [] : [frame]), ...(given.length === 0 ? [ingress] : given)]
  return { kind: 'own', conf: '', binary, outputs: outputs.sort((a, b) => compare(a.destination, b.destination)) }
}

/** A destination among nginx's files that nginx does not read is written, and nothing else: rarely what was meant. */
function unread(entries: readonly Entry[], binary: NginxBinary): string[] {
  return entries
    .filter(({ destination }) => destination.startsWith(`${dirname(binary.conf)}/`))
    .map(
      ({ destination }) =>
        `${destination} is not read by ${binary.conf}: it is written as a plain file, and nginx is left alone`,
    )
}
