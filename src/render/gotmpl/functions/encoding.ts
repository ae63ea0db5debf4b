import { createHash, createHmac } from 'node:crypto'
import { toBytes } from '../bytes.ts'
import type { Func, Value } from '../values.ts'
import { GoError, Num } from '../values.ts'
import { base64, base64Url, fromBase64, fromBase64Url } from './base-n.ts'
import { trimSpace } from './case.ts'
import { ANYTHING, type Charge, define, dict, int64, text, wrapping } from './define.ts'
import { decodedJson } from './json-decode.ts'
import { encodedJson } from './json-encode.ts'
import { parseBoolean, parseFloating, parseInteger, parseUnsigned } from './strconv.ts'
import { encodedToml } from './toml-encode.ts'
import { decodedYaml } from './yaml-decode.ts'
import { encodedYaml } from './yaml-encode.ts'

export const encodingFunctions: readonly Func[] = [
  text('base64Encode', 1, base64),
  text('base64URLEncode', 1, base64Url),
  text('base64Decode', 1, s => wrapping('base64Decode', () => fromBase64(s))),
  text('base64URLDecode', 1, s => wrapping('base64URLDecode', () => fromBase64Url(s))),
  text('sha256Hex', 1, s => createHash('sha256').update(toBytes(s)).digest('hex')),
  text('md5sum', 1, s => createHash('md5').update(toBytes(s)).digest('hex')),
  text('hmacSHA256Hex', 2, (message, key) => createHmac('sha256', toBytes(key)).update(toBytes(message)).digest('hex')),
  reading('parseBool', false, parseBoolean),
  reading('parseFloat', 0, parseFloating),
  reading('parseInt', int64(0n), s => int64(parseInteger(s, 10))),
  reading('parseUint', new Num('uint64', 0n), s => new Num('uint64', parseUnsigned(s))),
  text('parseJSON', 1, s => (s === '' ? dict() : decodedJson(s))),
  define<[string]>('parseYAML', ['string'], ([s], { charge }) => (s === '' ? dict() : decodedYaml(s, charge))),
  writing('toJSON', (value, charge) => encodedJson(value, { html: true, indent: '' }, charge)),
  writing('toJSONPretty', (value, charge) => encodedJson(value, { html: true, indent: '  ' }, charge)),
  writing('toUnescapedJSON', (value, charge) => encodedJson(value, { html: false, indent: '' }, charge)),
  writing('toUnescapedJSONPretty', (value, charge) => encodedJson(value, { html: false, indent: '  ' }, charge)),
  writing('toYAML', (value, charge) => trimSpace(encodedYaml(value, charge))),
  define<[Value]>('toTOML', [ANYTHING], ([value], { charge }) => {
    if (value === null) throw new GoError('reflect: call of reflect.Value.Type on zero Value')
    return wrapping('toTOML', () => trimSpace(encodedToml(value, charge)))
  }),
]

/** Nothing reads as the zero of its type. */
function reading(name: string, zero: Value, read: (text: string) => Value): Func {
  return text(name, 1, s => (s === '' ? zero : wrapping(name, () => read(s))))
}

function writing(name: string, write: (value: Value, charge: Charge) => string): Func {
  return define<[Value]>(name, [ANYTHING], ([value], { charge }) => wrapping(name, () => write(value, charge)))
}
