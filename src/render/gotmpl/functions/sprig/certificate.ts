import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { GoError } from '../../values.ts'
import { formatted } from '../time/layout.ts'
import {
  bits,
  elements,
  identifier,
  integer,
  name,
  nothing,
  octets,
  oid,
  pem,
  sequence,
  set,
  tagged,
  yes,
} from './der.ts'

/** What is to be certified. */
export interface Request {
  readonly commonName: string
  readonly addresses: readonly Buffer[]
  readonly names: readonly string[]
  readonly days: number
  readonly isAuthority: boolean
  readonly key: KeyObject
}

/** Who certifies: itself when it is not given. */
export interface Issuer {
  readonly certificate: Buffer
  readonly key: KeyObject
}

/** An X.509 certificate as Go's crypto/x509 makes it. `now` is in ms since 1970. */
export function certificate(request: Request, issuer: Issuer | undefined, now: number): string {
  const subject = sequence(set(sequence(identifier(oid.commonName), name(request.commonName))))
  const signer = issuer?.key ?? request.key
  const parent = issuer === undefined ? { subject, keyId: undefined } : partsOf(issuer.certificate)
  const algorithm = signatureAlgorithm(signer)
  const publicKey = createPublicKey(request.key).export({ type: 'spki', format: 'der' })
  const start = Math.floor(now / 1000)
  const body = sequence(
    tagged(0xa0, integer(2n)),
    integer(BigInt(`0x${randomBytes(16).toString('hex')}`)),
    algorithm.identifier,
    parent.subject,
    sequence(moment(start), moment(start + request.days * 86_400)),
    subject,
    publicKey,
    tagged(0xa3, sequence(...extensions(request, publicKey, parent.keyId))),
  )
  return pem('CERTIFICATE', sequence(body, algorithm.identifier, bits(sign(algorithm.hash, body, signer))))
}

function extensions(request: Request, publicKey: Buffer, issuerId: Buffer | undefined): Buffer[] {
  const usage = request.isAuthority ? bits(Buffer.of(0xa4), 2) : bits(Buffer.of(0xa0), 5)
  const made = [
    extension(oid.keyUsage, usage, true),
    extension(oid.extendedKeyUsage, sequence(identifier(oid.serverAuth), identifier(oid.clientAuth))),
    extension(oid.basicConstraints, request.isAuthority ? sequence(yes) : sequence(), true),
  ]
  if (request.isAuthority) made.push(extension(oid.subjectKeyId, octets(keyId(publicKey))))
  if (issuerId !== undefined) made.push(extension(oid.authorityKeyId, sequence(tagged(0x80, issuerId))))
  const others = [
    ...request.names.map(each => tagged(0x82, Buffer.from(each))),
    ...request.addresses.map(each => tagged(0x87, each)),
  ]
  if (others.length > 0) made.push(extension(oid.subjectAltName, sequence(...others)))
  return made
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(identifier(id), ...(isCritical ? [yes] : []), octets(value))
}

/** RFC 7093: the first 160 bits of the SHA-256 of the key itself. */
function keyId(publicKey: Buffer): Buffer {
  const [whole] = elements(publicKey)
  const [, key] = elements(whole?.content ?? Buffer.of())
  return createHash('sha256')
    .update(key?.content.subarray(1) ?? '')
    .digest()
    .subarray(0, 20)
}

function signatureAlgorithm(key: KeyObject): { readonly identifier: Buffer; readonly hash: string | null } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { identifier: sequence(identifier(oid.rsaSha256), nothing), hash: 'sha256' }
    case 'ed25519':
      return { identifier: sequence(identifier(oid.ed25519)), hash: null }
    case 'ec':
      return curveAlgorithm(key.asymmetricKeyDetails?.namedCurve ?? '')
    default:
      throw new GoError('error creating certificate: x509: only RSA, ECDSA and Ed25519 keys supported')
  }
}

function curveAlgorithm(curve: string): { readonly identifier: Buffer; readonly hash: string } {
  if (curve === 'secp384r1') return { identifier: sequence(identifier(oid.ecdsaSha384)), hash: 'sha384' }
  if (curve === 'secp521r1') return { identifier: sequence(identifier(oid.ecdsaSha512)), hash: 'sha512' }
  return { identifier: sequence(identifier(oid.ecdsaSha256)), hash: 'sha256' }
}

function moment(seconds: number): Buffer {
  const at = { seconds, nanoseconds: 0, offset: 0, zone: 'UTC' }
  const year = Number(formatted(at, '2006'))
  return year < 2050
    ? tagged(0x17, Buffer.from(formatted(at, '060102150405Z')))
    : tagged(0x18, Buffer.from(formatted(at, '20060102150405Z')))
}

/** Of a certificate that signs: its subject, and the id of its key when it says one. */
function partsOf(certificate: Buffer): { subject: Buffer; keyId: Buffer | undefined } {
  const [whole] = elements(certificate)
  const [body] = elements(whole?.content ?? Buffer.of())
  const fields = elements(body?.content ?? Buffer.of()).filter(({ tag }) => tag !== 0xa0)
  const subject = fields[4]?.all ?? sequence()
  const [list] = elements(fields.find(({ tag }) => tag === 0xa3)?.content ?? Buffer.of())
  for (const { content } of elements(list?.content ?? Buffer.of())) {
    const [id, ...rest] = elements(content)
    if (id?.content.toString('hex') !== oid.subjectKeyId) continue
    const [value] = elements(rest.at(-1)?.content ?? Buffer.of())
    return { subject, keyId: value?.content }
  }
  return { subject, keyId: undefined }
}
