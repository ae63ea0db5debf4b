import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  randomInt,
  scryptSync,
} from 'node:crypto'
import { genSaltSync, hashSync } from 'bcryptjs'
import { byteLength, fromBytes, toBytes } from '../../bytes.ts'
import { type Func, GoError, integerOf, type Value } from '../../values.ts'
import { base32, base64, fromBase32, fromBase64 } from '../base-n.ts'
import { define, text } from '../define.ts'
import { password } from './password.ts'

const BCRYPT_COST = 10

export const cryptoFunctions: readonly Func[] = [
  ...['sha1', 'sha256', 'sha512'].map(name =>
    text(`${name}sum`, 1, s => createHash(name).update(toBytes(s)).digest('hex')),
  ),
  text('adler32sum', 1, s => String(adler32(toBytes(s)))),
  text('b64enc', 1, base64),
  text('b32enc', 1, base32),
  text('b64dec', 1, s => orMessage(() => fromBase64(s))),
  text('b32dec', 1, s => orMessage(() => fromBase32(s))),
  text('bcrypt', 1, bcrypt),
  text('htpasswd', 2, (user, secret) =>
    user.includes(':') ? `invalid username: ${user}` : `${user}:${bcrypt(secret)}`,
  ),
  define<[Value, string, string, string, string]>('derivePassword', ['uint32', ...Array(4).fill('string')], args => {
    const [counter, type, secret, user, site] = args
    return password({ counter: Number(integerOf(counter)), type, secret, user, site }, scrypt, hmac)
  }),
  text('encryptAES', 2, encrypted),
  text('decryptAES', 2, decrypted),
  text('shuffle', 1, shuffled),
]

function bcrypt(secret: string): string {
  if (byteLength(secret) > 72) {
    return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes'
  }
  return hashSync(secret, genSaltSync(BCRYPT_COST)).replace(/^\$2b/, '$2a')
}

function scrypt(secret: Buffer, salt: Buffer): Buffer {
  return scryptSync(secret, salt, 64, { N: 32_768, r: 8, p: 2, maxmem: 96 * 1024 * 1024 })
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

/** The password, cut or filled with zeros to 32 bytes, is the key: whoever uses this knows why. */
function keyOf(secret: string): Buffer {
  const key = Buffer.alloc(32)
  toBytes(secret).copy(key)
  return key
}

function encrypted(secret: string, plain: string): string {
  if (plain === '') return ''
  const start = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', keyOf(secret), start)
  return Buffer.concat([start, cipher.update(toBytes(plain)), cipher.final()]).toString('base64')
}

function decrypted(secret: string, crypt: string): string {
  if (crypt === '') return ''
  const bytes = toBytes(fromBase64(crypt))
  if (bytes.length < 16)
    throw new GoError(`runtime error: slice bounds out of range [:16] with capacity ${(crypt.length / 4) * 3}`)
  if (bytes.length % 16 !== 0) throw new GoError('crypto/cipher: input not full blocks')
  if (bytes.length === 16) throw new GoError('runtime error: index out of range [-1]')
  const decipher = createDecipheriv('aes-256-cbc', keyOf(secret), bytes.subarray(0, 16)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()])
  const length = plain.length - (plain.at(-1) ?? 0)
  if (length < 0) throw new GoError(`runtime error: slice bounds out of range [:${length}]`)
  return fromBytes(plain.subarray(0, length))
}

function adler32(bytes: Buffer): number {
  let [a, b] = [1, 0]
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return b * 65_536 + a
}

function shuffled(text: string): string {
  const chars = Array.from(text)
  for (let at = chars.length - 1; at > 0; at--) {
    const other = randomInt(at + 1)
    ;[chars[at], chars[other]] = [chars[other] ?? '', chars[at] ?? '']
  }
  return chars.join('')
}

function orMessage(work: () => string): string {
  try {
    return work()
  } catch (error) {
    if (error instanceof GoError) return error.message
    throw error
  }
}
