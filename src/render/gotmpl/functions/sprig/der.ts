/** ASN.1 in DER, as far as keys and certificates need it. */

export const oid = {
  commonName: '550403',
  keyUsage: '551d0f',
  extendedKeyUsage: '551d25',
  basicConstraints: '551d13',
  subjectKeyId: '551d0e',
  authorityKeyId: '551d23',
  subjectAltName: '551d11',
  serverAuth: '2b06010505070301',
  clientAuth: '2b06010505070302',
  rsaSha256: '2a864886f70d01010b',
  ecdsaSha256: '2a8648ce3d040302',
  ecdsaSha384: '2a8648ce3d040303',
  ecdsaSha512: '2a8648ce3d040304',
  ed25519: '2b6570',
}

export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])
}

export const sequence = (...parts: readonly Buffer[]) => tagged(0x30, ...parts)
export const set = (...parts: readonly Buffer[]) => tagged(0x31, ...parts)
export const octets = (...parts: readonly Buffer[]) => tagged(0x04, ...parts)
export const identifier = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'))
export const yes = tagged(0x01, Buffer.of(0xff))
export const nothing = tagged(0x05)

export function bits(content: Buffer, unused = 0): Buffer {
  return tagged(0x03, Buffer.of(unused), content)
}

export function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return tagged(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

/** PrintableString where its alphabet is enough, UTF8String elsewhere. */
export function name(text: string): Buffer {
  return tagged(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? 0x13 : 0x0c, Buffer.from(text))
}

export interface Element {
  readonly tag: number
  readonly content: Buffer
  readonly all: Buffer // with tag and length
}

export function elements(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1] ?? 0
    const width = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + width
    const length = width === 0 ? first : bytes.readUIntBE(at + 2, width)
    found.push({
      tag: bytes[at] ?? 0,
      content: bytes.subarray(start, start + length),
      all: bytes.subarray(at, start + length),
    })
    at = start + length
  }
  return found
}

export function pem(type: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${type}-----\n${lines.join('\n')}\n-----END ${type}-----\n`
}

/** The first block of a PEM text. */
export function unpem(text: string): { readonly type: string; readonly bytes: Buffer } | undefined {
  const match = /-----BEGIN ([^-\n]+)-----\s*\n([A-Za-z0-9+/=\s]*?)-----END \1-----/.exec(text)
  return match === null ? undefined : { type: match[1] ?? '', bytes: Buffer.from(match[2] ?? '', 'base64') }
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const hex = length.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes])
}
