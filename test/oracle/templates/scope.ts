import type { Chance } from './random.ts'
import type { World } from './world.ts'

/** What an expression gives, as far as a generator has to know to put expressions together that mostly work. */
export type Kind =
  | 'text'
  | 'int'
  | 'float'
  | 'bool'
  | 'texts'
  | 'list' // of anything
  | 'map' // of texts by text
  | 'dict' // of anything by text
  | 'instance'
  | 'instances'
  | 'snippet'
  | 'snippets'
  | 'node'
  | 'nodes'
  | 'catalogNode'
  | 'nodeService'
  | 'nodeServices'
  | 'check'
  | 'checks'
  | 'pair'
  | 'pairs'
  | 'grouped' // instances or snippets by something
  | 'any'

/** Where a piece of a template stands: what it has names for. */
export interface Scope {
  readonly world: World
  readonly chance: Chance
  readonly dot: Kind | undefined
  readonly variables: readonly Variable[]
  readonly templates: readonly string[] // that are defined somewhere
  readonly depth: number
  readonly isLooping: boolean
}

export interface Variable {
  readonly name: string
  readonly kind: Kind
}

export const elementOf: Partial<Record<Kind, Kind>> = {
  texts: 'text',
  list: 'any',
  map: 'text',
  dict: 'any',
  instances: 'instance',
  snippets: 'snippet',
  nodes: 'node',
  nodeServices: 'nodeService',
  checks: 'check',
  pairs: 'pair',
  grouped: 'instances',
}

/** The fields of the structs, by what they hold. */
export const fields: Partial<Record<Kind, Readonly<Record<string, Kind>>>> = {
  instance: {
    Node: 'text',
    NodeID: 'text',
    NodeAddress: 'text',
    NodeTaggedAddresses: 'map',
    NodeMeta: 'map',
    ServiceMeta: 'map',
    Address: 'text',
    ServiceTaggedAddresses: 'dict',
    ID: 'text',
    Name: 'text',
    Tags: 'texts',
    Checks: 'checks',
    Status: 'text',
    Port: 'int',
    Weights: 'any',
    'Weights.Passing': 'int',
    'Weights.Warning': 'int',
    'Checks.AggregatedStatus': 'text',
  },
  snippet: { Name: 'text', Tags: 'texts' },
  node: { ID: 'text', Node: 'text', Address: 'text', Datacenter: 'text', TaggedAddresses: 'map', Meta: 'map' },
  catalogNode: { Node: 'node', 'Node.Node': 'text', 'Node.Address': 'text', Services: 'nodeServices' },
  nodeService: {
    ID: 'text',
    Service: 'text',
    Tags: 'texts',
    Meta: 'map',
    Port: 'int',
    Address: 'text',
    EnableTagOverride: 'bool',
  },
  check: {
    Node: 'text',
    CheckID: 'text',
    Name: 'text',
    Status: 'text',
    Notes: 'text',
    Output: 'text',
    ServiceID: 'text',
    ServiceName: 'text',
    ServiceTags: 'texts',
    Type: 'text',
    Definition: 'any',
    'Definition.HTTP': 'text',
    'Definition.Interval': 'any',
    CreateIndex: 'any',
  },
  pair: {
    Path: 'text',
    Key: 'text',
    Value: 'text',
    CreateIndex: 'any',
    ModifyIndex: 'any',
    LockIndex: 'any',
    Flags: 'any',
    Session: 'text',
  },
}

export function deeper(scope: Scope): Scope {
  return { ...scope, depth: scope.depth + 1 }
}
