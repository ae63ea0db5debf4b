import { type YamlNode, yamlTree } from '../../../yaml.ts'
import { sprintf } from '../format.ts'
import { GoError, GoMap, type Key, Num, type Value } from '../values.ts'
import { fromBase64 } from './base-n.ts'
import { type Charge, list } from './define.ts'
import { resolved } from './yaml-scalar.ts'

const MAP = 'map[interface {}]interface {}'
const PREFIX = 'tag:yaml.org,2002:'

const notYaml = /[^\t\n\r\x20-\x7e\x85\xa0-\ufffd\u{10000}-\u{10ffff}]|(?!^)\ufeff/u

/** gopkg.in/yaml.v2 into an interface {}: YAML 1.1, so `yes` and `on` are true, as keys too. */
export function decodedYaml(text: string, charge: Charge): Value {
  return madeOf(treeOf(text), charge)
}

function treeOf(text: string): YamlNode {
  if (!text.isWellFormed()) throw new GoError('yaml: invalid leading UTF-8 octet')
  if (notYaml.test(text)) throw new GoError('yaml: control characters are not allowed')
  if (/^%(?!YAML|TAG)/.test(text)) throw new GoError('yaml: found unknown directive name')
  try {
    return yamlTree(text) ?? { kind: 'scalar', text: '', isPlain: true, tag: undefined }
  } catch (error) {
    // Our reader puts it in other words than Go's, so only the beginning is the same.
    const { message, linePos } = error as Error & { linePos?: [{ line: number }] }
    const line = linePos === undefined ? '' : `line ${linePos[0].line}: `
    throw new GoError(`yaml: ${line}${message.replace(/ at line \d+, column \d+:[\s\S]*/, '')}`, { cause: error })
  }
}

function madeOf(root: YamlNode, charge: Charge): Value {
  // One node, one value: an alias costs nothing, however often it stands for the same thing.
  const known = new Map<YamlNode, Value>()

  function value(node: YamlNode): Value {
    const found = known.get(node) ?? made(node)
    known.set(node, found)
    return found
  }

  function made(node: YamlNode): Value {
    switch (node.kind) {
      case 'scalar':
        return scalarOf(node)
      case 'list':
        return list(node.items.map(value))
      case 'map':
        return mapOf(node.entries)
    }
  }

  function mapOf(entries: readonly (readonly [YamlNode, YamlNode])[]): GoMap {
    const map = new GoMap(MAP, [])
    for (const [key, content] of entries) {
      if (isMerge(key)) mergeInto(map, content)
      else map.entries.set(keyOf(value(key), charge), value(content))
    }
    return map
  }

  /** What is there already stays: a map merged in knows less than the one it is merged into. */
  function mergeInto(map: GoMap, content: YamlNode): void {
    const sources = content.kind === 'list' ? [...content.items].reverse() : [content]
    for (const source of sources) {
      const merged = value(source)
      if (!(merged instanceof GoMap)) throw new GoError('yaml: map merge requires map or sequence of maps as the value')
      for (const [key, entry] of merged.entries) map.entries.set(key, entry)
    }
  }

  return value(root)
}

function isMerge(key: YamlNode): boolean {
  return key.kind === 'scalar' && key.isPlain && key.text === '<<' && (key.tag === undefined || key.tag === '!')
}

function keyOf(value: Value, charge: Charge): Key {
  if (value instanceof Num) return value.value
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value
  if (typeof value === 'number' || typeof value === 'boolean') return value
  throw new GoError(`yaml: invalid map key: ${sprintf('%#v', [value], charge)}`)
}

function scalarOf({ text, isPlain, tag }: YamlNode & { kind: 'scalar' }): Value {
  const name = tag?.startsWith(PREFIX) ? tag.slice(PREFIX.length) : undefined
  if (name === 'binary') return binary(text)
  if (name === 'null') return null
  if (name === 'str' || (name === undefined && (!isPlain || (tag !== undefined && tag !== '!')))) return text

  const { tag: found, value } = resolved(text)
  // It looks like a day, but who read it before there were days in YAML shall go on reading a text.
  if (found === 'timestamp') return text
  if (name === 'float' && found === 'int') return Number(value instanceof Num ? value.value : value)
  if (name !== undefined && name !== found && ['int', 'float', 'bool'].includes(name)) {
    throw new GoError(`yaml: cannot decode !!${found} \`${text}\` as a !!${name}`)
  }
  return value
}

function binary(text: string): string {
  try {
    return fromBase64(text)
  } catch (error) {
    throw new GoError('yaml: !!binary value contains invalid base64 data', { cause: error })
  }
}
