import { type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { toBytes } from '../../bytes.ts'
import { type Func, GoError, type Slice, Struct, type Value } from '../../values.ts'
import { fromBase64 } from '../base-n.ts'
import { type Charge, define, LIST, text } from '../define.ts'
import { printed } from '../print.ts'
import { certificate, type Issuer } from './certificate.ts'
import { unpem } from './der.ts'
import { keyPem, newKey, newRsaKey, readKey } from './keys.ts'

const TYPE = 'sprig.certificate'

/** They come out different every time, so what they are printed to is never unchanged. */
export function certificateFunctions(now: () => number): readonly Func[] {
  const authority = (commonName: string, days: bigint, key: KeyObject) => {
    return made({ commonName, addresses: [], names: [], days: Number(days), isAuthority: true, key })
  }
  const server = (subject: Subject, key: KeyObject, issuer?: Issuer) => made({ ...subject, key }, issuer)
  const made = (request: Parameters<typeof certificate>[0], issuer?: Issuer) => {
    return struct(certificate(request, issuer, now()), keyPem(request.key))
  }
  const names = ['string', LIST, LIST, 'int']

  return [
    text('genPrivateKey', 1, newKey),
    text('buildCustomCert', 2, checked),
    define<[string, bigint]>('genCA', ['string', 'int'], ([name, days]) => authority(name, days, newRsaKey(2048))),
    define<[string, bigint, string]>('genCAWithKey', ['string', 'int', 'string'], ([name, days, key]) => {
      return authority(name, days, given(key))
    }),
    define<[...ServerArgs]>('genSelfSignedCert', names, (args, { charge }) => {
      const subject = subjectOf(args, charge)
      return server(subject, newRsaKey(2048))
    }),
    define<[...ServerArgs, string]>(
      'genSelfSignedCertWithKey',
      [...names, 'string'],
      ([a, b, c, d, key], { charge }) => {
        const secret = given(key)
        return server(subjectOf([a, b, c, d], charge), secret)
      },
    ),
    define<[...ServerArgs, Struct]>('genSignedCert', [...names, TYPE], ([a, b, c, d, ca], { charge }) => {
      const issuer = issuerOf(ca)
      return server(subjectOf([a, b, c, d], charge), newRsaKey(2048), issuer)
    }),
    define<[...ServerArgs, Struct, string]>('genSignedCertWithKey', [...names, TYPE, 'string'], (args, { charge }) => {
      const [a, b, c, d, ca, key] = args
      const secret = given(key)
      const issuer = issuerOf(ca)
      return server(subjectOf([a, b, c, d], charge), secret, issuer)
    }),
  ]
}

type ServerArgs = readonly [string, Slice, Slice, bigint]

type Subject = ReturnType<typeof subjectOf>

function subjectOf([commonName, addresses, names, days]: ServerArgs, charge: Charge) {
  return {
    commonName,
    addresses: addresses.items.map(value => addressOf(value, charge)),
    names: names.items.map(value => nameOf(value, charge)),
    days: Number(days),
    isAuthority: false,
  }
}

function addressOf(value: Value, charge: Charge): Buffer {
  if (typeof value !== 'string') throw new GoError(`error parsing ip: ${printed(value, charge)} is not a string`)
  const version = isIP(value)
  if (version === 0) throw new GoError(`error parsing ip: ${value}`)
  return version === 4 ? Buffer.from(value.split('.').map(Number)) : ipv6(value)
}

function ipv6(text: string): Buffer {
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [before = '', after] = hex.split('::')
  const groups = (part: string) => part.split(':').filter(group => group !== '')
  const [head, tail] = [groups(before), groups(after ?? '')]
  const all = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail]
  return Buffer.from(all.map(group => group.padStart(4, '0')).join(''), 'hex')
}

function nameOf(value: Value, charge: Charge): string {
  if (typeof value === 'string') return value
  throw new GoError(`error processing alternate dns name: ${printed(value, charge)} is not a string`)
}

function given(key: string): KeyObject {
  try {
    return readKey(key)
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`parsing private key: ${error.message}`, { cause: error })
    throw error
  }
}

function issuerOf(ca: Struct): Issuer {
  const block = unpem(String(ca.fields.get('Cert') ?? ''))
  if (block === undefined) throw new GoError('unable to decode certificate')
  readable(block.bytes, 'decodedSignerCert.Bytes')
  return { certificate: block.bytes, key: keyIn(String(ca.fields.get('Key') ?? '')) }
}

function checked(certificate: string, key: string): Struct {
  const cert = decoded(certificate, 'certificate')
  const secret = decoded(key, 'private key')
  const block = unpem(cert)
  if (block === undefined) throw new GoError('unable to decode certificate')
  readable(block.bytes, 'decodedCert.Bytes')
  keyIn(secret)
  return struct(cert, secret)
}

function decoded(base64: string, what: string): string {
  try {
    return toBytes(fromBase64(base64)).toString()
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`unable to decode base64 ${what}`, { cause: error })
    throw error
  }
}

function readable(bytes: Buffer, what: string): void {
  try {
    new X509Certificate(bytes)
  } catch (error) {
    throw new GoError(`error parsing certificate: ${what}: ${(error as Error).message}`, { cause: error })
  }
}

function keyIn(text: string): KeyObject {
  try {
    return readKey(text)
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`error parsing private key: ${error.message}`, { cause: error })
    throw error
  }
}

function struct(cert: string, key: string): Struct {
  return new Struct(
    TYPE,
    new Map([
      ['Cert', cert],
      ['Key', key],
    ]),
  )
}
