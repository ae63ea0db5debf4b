import type { Place, Query, ServiceQuery } from '../../../src/model/query.ts'

/** A template that asks for all of these, and prints nothing. */
export function primerFor(queries: readonly Query[]): string {
  return queries.map(query => `{{ $_ := ${call(query)} }}`).join('\n')
}

function call(query: Query): string {
  switch (query.kind) {
    case 'service':
      return `${query.connect ? 'connect' : 'service'} ${quoted(service(query))}`
    case 'services':
    case 'nodes':
      return `${query.kind} ${quoted(place(query))}`
    case 'node':
      return `node ${quoted(query.name + place(query))}`
    case 'key':
      return `${query.blocks ? 'key' : 'keyExists'} ${quoted(query.key + place(query))}`
    case 'pairs':
      return `tree ${quoted(query.prefix + place(query))}`
    case 'datacenters':
      return 'datacenters'
    default:
      throw new Error(`no template asks for ${query.kind}`)
  }
}

function service(query: ServiceQuery): string {
  const { tag, name, near, filters } = query
  // Nothing between the commas is no filter, and not the same as none.
  const wanted = filters.length === 0 ? '|,' : `|${filters.join(',')}`
  return (tag === '' ? '' : `${tag}.`) + name + place(query) + (near === '' ? '' : `~${near}`) + wanted
}

function place({ datacenter, namespace, partition }: Place): string {
  const pairs = [namespace && `ns=${namespace}`, partition && `partition=${partition}`].filter(Boolean)
  return (pairs.length === 0 ? '' : `?${pairs.join('&')}`) + (datacenter === '' ? '' : `@${datacenter}`)
}

/** What stands here for a byte of no character (src/render/gotmpl/bytes.ts) is that byte again. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/\\udc([89a-f][\da-f])/g, '\\x$1')
}
