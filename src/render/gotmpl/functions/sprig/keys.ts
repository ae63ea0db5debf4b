import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { GoError } from '../../values.ts'
import { elements, integer, pem, sequence, unpem } from './der.ts'

/** Takes seconds for `rsa` and `dsa`: nobody should make keys in a template, but who does gets one. */
export function newKey(type: string): string {
  switch (type) {
    case '':
    case 'rsa':
      return keyPem(newRsaKey(4096))
    case 'dsa':
      return keyPem(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey)
    case 'ecdsa':
      return keyPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    case 'ed25519':
      return keyPem(generateKeyPairSync('ed25519').privateKey)
    default:
      return `Unknown type ${type}`
  }
}

export function newRsaKey(bits: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: bits }).privateKey
}

export function readKey(text: string): KeyObject {
  const block = unpem(text)
  if (block === undefined) throw new GoError('no PEM data in input')
  if (block.type !== 'PRIVATE KEY' && !block.type.endsWith(' PRIVATE KEY')) {
    throw new GoError(`no private key data in PEM block of type ${block.type}`)
  }
  try {
    return createPrivateKey(text)
  } catch (error) {
    throw new GoError(`parsing private key from PEM: ${(error as Error).message}`, { cause: error })
  }
}

/** In the form OpenSSL has always used for each kind of key. */
export function keyPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString()
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString()
    case 'dsa':
      return pem('DSA PRIVATE KEY', dsa(key.export({ type: 'pkcs8', format: 'der' })))
    default:
      return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  }
}

/** version, p, q, g, y, x */
function dsa(pkcs8: Buffer): Buffer {
  const [whole] = elements(pkcs8)
  const [, algorithm, secret] = elements(whole?.content ?? Buffer.of())
  const [, parameters] = elements(algorithm?.content ?? Buffer.of())
  const [p = 0n, q = 0n, g = 0n] = elements(parameters?.content ?? Buffer.of()).map(({ content }) => number(content))
  const [x = 0n] = elements(secret?.content ?? Buffer.of()).map(({ content }) => number(content))
  return sequence(...[0n, p, q, g, power(g, x, p), x].map(integer))
}

function number(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}
