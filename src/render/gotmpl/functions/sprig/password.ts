import { toBytes } from '../../bytes.ts'

/** The Master Password algorithm, version 0: the same password for the same site, kept nowhere. */
export interface Wanted {
  readonly counter: number
  readonly type: string
  readonly secret: string
  readonly user: string
  readonly site: string
}

const SEED = 'com.lyndir.masterpassword'

const templates: Readonly<Record<string, readonly string[]>> = {
  maximum: ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno'],
  long: [
    ...['CvcvnoCvcvCvcv', 'CvcvCvcvnoCvcv', 'CvcvCvcvCvcvno', 'CvccnoCvcvCvcv', 'CvccCvcvnoCvcv'],
    ...['CvccCvcvCvcvno', 'CvcvnoCvccCvcv', 'CvcvCvccnoCvcv', 'CvcvCvccCvcvno', 'CvcvnoCvcvCvcc'],
    ...['CvcvCvcvnoCvcc', 'CvcvCvcvCvccno', 'CvccnoCvccCvcv', 'CvccCvccnoCvcv', 'CvccCvccCvcvno'],
    ...['CvcvnoCvccCvcc', 'CvcvCvccnoCvcc', 'CvcvCvccCvccno', 'CvccnoCvcvCvcc', 'CvccCvcvnoCvcc'],
    'CvccCvcvCvccno',
  ],
  medium: ['CvcnoCvc', 'CvcCvcno'],
  short: ['Cvcn'],
  basic: ['aaanaaan', 'aannaaan', 'aaannaaa'],
  pin: ['nnnn'],
}

const letters: Readonly<Record<string, string>> = {
  V: 'AEIOU',
  C: 'BCDFGHJKLMNPQRSTVWXYZ',
  v: 'aeiou',
  c: 'bcdfghjklmnpqrstvwxyz',
  A: 'AEIOUBCDFGHJKLMNPQRSTVWXYZ',
  a: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz',
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()',
}

export function password(
  { counter, type, secret, user, site }: Wanted,
  scrypt: (secret: Buffer, salt: Buffer) => Buffer,
  hmac: (key: Buffer, message: Buffer) => Buffer,
): string {
  const shapes = Object.hasOwn(templates, type) ? (templates[type] ?? []) : []
  if (shapes.length === 0) return `cannot find password template ${type}`
  const key = scrypt(toBytes(secret), Buffer.concat([Buffer.from(SEED), measured(user)]))
  const seed = hmac(key, Buffer.concat([Buffer.from(SEED), measured(site), word(counter)]))
  const shape = shapes[(seed[0] ?? 0) % shapes.length] ?? ''
  const chars = Array.from(shape, (kind, at) => {
    const choice = letters[kind] ?? ''
    return choice[(seed[at + 1] ?? 0) % choice.length]
  })
  return chars.join('')
}

function measured(text: string): Buffer {
  const bytes = toBytes(text)
  return Buffer.concat([word(bytes.length), bytes])
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
