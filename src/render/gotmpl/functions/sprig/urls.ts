import { fromBytes, toBytes } from '../../bytes.ts'
import { quote } from '../../quote.ts'
import { type Func, GoError, type GoMap, type Value } from '../../values.ts'
import { DICT, define, dict, text } from '../define.ts'
import { kindName } from '../reflect.ts'

export const urlFunctions: readonly Func[] = [
  text('urlParse', 1, s => {
    const url = parsed(s)
    return dict([
      ['scheme', url.scheme],
      ['host', url.host],
      ['hostname', hostname(url.host)],
      ['path', url.path],
      ['query', url.query],
      ['opaque', url.opaque],
      ['fragment', url.fragment],
      ['userinfo', url.userinfo],
    ])
  }),
  define<[GoMap]>('urlJoin', [DICT], ([parts]) => {
    const part = (name: string) => textAt(parts, name)
    return joined({
      scheme: part('scheme'),
      host: part('host'),
      path: part('path'),
      query: part('query'),
      opaque: part('opaque'),
      fragment: part('fragment'),
      userinfo: part('userinfo') === '' ? '' : parsed(`proto://${part('userinfo')}@host`).userinfo,
    })
  }),
]

interface Url {
  readonly scheme: string
  readonly opaque: string
  readonly userinfo: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly fragment: string
}

/** net/url.Parse, as far as it takes addresses apart. */
function parsed(text: string): Url {
  const [withoutFragment = '', ...fragment] = text.split(/#(.*)/s)
  const failure = (shown: string, reason: string) =>
    new GoError(`unable to parse url: parse ${quote(shown)}: ${reason}`)
  const fail = (reason: string) => failure(withoutFragment, reason)
  if (Array.from(withoutFragment).some(char => char < ' ' || char === '\x7f')) {
    throw fail('net/url: invalid control character in URL')
  }
  const [, scheme = '', afterScheme = withoutFragment] = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(withoutFragment) ?? []
  if (withoutFragment.startsWith(':')) throw fail('missing protocol scheme')
  const [rest = '', ...query] = afterScheme.split(/\?(.*)/s)
  const shared = {
    scheme: scheme.toLowerCase(),
    query: query[0] ?? '',
    fragment: unescaped(fragment[0] ?? '', reason => failure(text, reason)),
  }

  if (scheme !== '' && !rest.startsWith('/')) return { ...shared, opaque: rest, userinfo: '', host: '', path: '' }
  if (scheme === '' && /^[^/]*:/.test(rest)) throw fail('first path segment in URL cannot contain colon')
  const [, authority, path = rest] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? []
  const at = authority?.lastIndexOf('@') ?? -1
  const host = authority?.slice(at + 1) ?? ''
  const port = /:([^\]:]*)$/.exec(host.replace(/^.*\]/, ''))?.[1]
  if (port !== undefined && !/^\d*$/.test(port)) throw fail(`invalid port ${quote(`:${port}`)} after host`)
  if (host.includes(' ')) throw fail('invalid character " " in host name')
  const userinfo = at > 0 ? escapedUser(authority?.slice(0, at) ?? '', fail) : ''
  return { ...shared, opaque: '', userinfo, host: unescaped(host, fail), path: unescaped(path, fail) }
}

function joined({ scheme, opaque, userinfo, host, path, query, fragment }: Url): string {
  let text = scheme === '' ? '' : `${scheme}:`
  if (opaque !== '') {
    text += opaque
  } else {
    if (scheme !== '' || host !== '' || userinfo !== '') {
      if (host !== '' || path !== '' || userinfo !== '') text += '//'
      if (userinfo !== '') text += `${userinfo}@`
      text += escaped(host, /[A-Za-z0-9_.~!$&'()*+,;=:[\]<>"-]/)
    }
    if (path !== '' && !path.startsWith('/') && host !== '') text += '/'
    if (text === '' && /^[^/]*:/.test(path)) text += './'
    text += escaped(path, /[A-Za-z0-9_.~$&+,/:;=@!'()*-]/)
  }
  if (query !== '') text += `?${query}`
  return fragment === '' ? text : `${text}#${escaped(fragment, /[A-Za-z0-9_.~$&+,/:;=?@!()*-]/)}`
}

function hostname(host: string): string {
  const bare = host.replace(/:\d*$/, match => (host.endsWith(']') ? match : ''))
  return bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare
}

function escapedUser(text: string, fail: (reason: string) => GoError): string {
  const [name = '', ...password] = text.split(/:(.*)/s)
  const parts = password.length === 0 ? [name] : [name, password[0] ?? '']
  return parts.map(part => escaped(unescaped(part, fail), /[A-Za-z0-9_.~$&+,;=!'()*-]/)).join(':')
}

function unescaped(text: string, fail: (reason: string) => GoError): string {
  if (!text.includes('%')) return text
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text)?.[0]
  if (bad !== undefined) throw fail(`invalid URL escape ${quote(bad)}`)
  const bytes = toBytes(text).toString('latin1')
  return fromBytes(
    Buffer.from(
      bytes.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    ),
  )
}

function escaped(text: string, kept: RegExp): string {
  const bytes = Array.from(toBytes(text), byte => String.fromCharCode(byte))
  return bytes
    .map(char => (kept.test(char) ? char : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`))
    .join('')
}

function textAt(parts: GoMap, name: string): string {
  if (!parts.entries.has(name)) return ''
  const value: Value = parts.entries.get(name) ?? null
  if (typeof value === 'string') return value
  throw new GoError(`unable to parse ${name} key, must be of type string, but ${kindName(value)} found`)
}
