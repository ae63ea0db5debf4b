import { around, type Directive, type Word } from './directives.ts'
import { hasHole, type Skeleton, withEqualHoles } from './skeleton.ts'
import { isSame, unsure, type Value } from './value.ts'

/** Server blocks of http, upstreams, and what they listen on. */

/** Every directive of this name that is none of `stream` or `mail`. */
export function httpDirectives(file: Skeleton, name: string): Directive[] {
  return file.named(name).filter(isHttp)
}

function isHttp(directive: Directive): boolean {
  return ![...around(directive)].some(({ name }) => name === 'stream' || name === 'mail')
}

export function upstreamsOf(file: Skeleton): Directive[] {
  return httpDirectives(file, 'upstream').filter(({ block }) => block !== undefined)
}

export function serverBlocks(file: Skeleton): Directive[] {
  return httpDirectives(file, 'server').filter(
    ({ block, parent }) => block !== undefined && parent?.name !== 'upstream',
  )
}

export function own({ block }: Directive, name: string): readonly Directive[] {
  return (block ?? []).filter(directive => directive.name === name)
}

/** Can there be more of it than the text shows: an include, or lines that the template prints? */
export function isOpen(block: readonly Directive[]): boolean {
  return block.some(({ name, args }) => name === '' || (name === 'include' && !args[0]?.text.endsWith('mime.types')))
}

export function namesOf(server: Directive): readonly Word[] {
  return own(server, 'server_name').flatMap(({ args }) => args)
}

/** Does it answer to no name that anybody would use? */
export function isCatchAll(server: Directive): boolean {
  const names = namesOf(server).map(({ text }) => text)
  return names.every(name => /^(_|)$/.test(name)) || own(server, 'listen').some(isDefault)
}

export function isDefault({ args }: Directive): boolean {
  return args.some(({ text }) => text === 'default_server' || text === 'default')
}

/** Server blocks with equal keys share what they listen on. Undefined: it cannot be told. */
export function listenKeys(file: Skeleton, server: Directive): readonly ListenKey[] | undefined {
  const listens = own(server, 'listen')
  if (listens.length === 0) return isOpen(server.block ?? []) ? undefined : [{ text: '80', holes: [] }]
  return listens.flatMap(({ args: [address] }) =>
    address === undefined
      ? []
      : [{ text: withEqualHoles(address.text).replace(/^(\*|0\.0\.0\.0):/, ''), holes: file.holesIn(address) }],
  )
}

export interface ListenKey {
  readonly text: string
  readonly holes: readonly Value[]
}

export function isSameKey(a: ListenKey, b: ListenKey): boolean {
  return a.text === b.text && a.holes.every((hole, at) => isSame(hole, b.holes[at] ?? unsure))
}

/** Is there one for each of many services? */
export function isRepeated(file: Skeleton, directive: Directive): boolean {
  return file.armsAt(directive.start).some(({ branch }) => branch.how === 'loop')
}

export interface Upstream {
  readonly directive: Directive
  readonly servers: readonly Directive[]
  readonly hasMany: boolean
}

/** The upstream of this file that a `proxy_pass` names. */
export function upstreamOf(file: Skeleton, pass: Directive): Upstream | undefined {
  const [target] = pass.args
  if (target === undefined) return undefined
  const name = withEqualHoles(target.text).replace(/^https?:\/\/|\/.*$/g, '')
  const holes = file.holesIn(target)
  const directive = file.named('upstream').find(candidate => {
    const [word] = candidate.args
    if (word === undefined || (hasHole(word.text) ? withEqualHoles(word.text) : word.text) !== name) return false
    return isHttp(candidate) && file.holesIn(word).every((hole, at) => isSame(hole, holes[at] ?? unsure))
  })
  if (directive === undefined || isOpen(directive.block ?? [])) return undefined
  const servers = own(directive, 'server')
  const hasMany =
    servers.length > 1 ||
    servers.some(({ start }) => file.armsAt(start, directive.start).some(({ branch }) => branch.how === 'loop'))
  return { directive, servers, hasMany }
}

/** Host and port, where both can be read. */
export function peerOf(text: string): { host: string; port: string } | undefined {
  const [, host, port = '80'] = /^(?:http:\/\/)?(\[[^\]]+\]|[^:/\s]+)(?::(\d+))?(?:\/.*)?$/.exec(text) ?? []
  return host === undefined || hasHole(text) || host.includes('$') ? undefined : { host, port }
}

/** The ports that are written out in its `listen`. */
export function portsOf(server: Directive): string[] {
  const listens = own(server, 'listen')
  if (listens.length === 0) return ['80']
  return listens.flatMap(({ args: [address] }) => /(?:^|:)(\d+)$/.exec(address?.text ?? '')?.[1] ?? [])
}
