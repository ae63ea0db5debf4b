import type { Row } from '../../../model/query.ts'
import { Duration, durationText } from '../functions/time/duration.ts'
import { isTrue } from '../kinds.ts'
import { Func, NamedSlice, Opaque, type Slice, Struct, type Value } from '../values.ts'
import { bool, int, list, map, nanoseconds, rowOf, strings, struct, text, uint64 } from './read.ts'

/** api.HealthChecks */
export function checks(json: unknown): NamedSlice {
  return new NamedSlice('api.HealthChecks', listed(json), checksMethods)
}

function checksMethods({ items }: Slice): ReadonlyMap<string, Func> {
  const rows = () => items.map(check => (check instanceof Struct ? Object.fromEntries(check.fields) : {}))
  return new Map([['AggregatedStatus', new Func('AggregatedStatus', [], () => aggregatedStatus(rows()))]])
}

/** maintenance > critical > warning > passing; empty as soon as a status is none of these. */
export function aggregatedStatus(checks: unknown): string {
  const seen = (Array.isArray(checks) ? checks : []).map(check => statusOf(rowOf(check)))
  if (!seen.every(status => statuses.includes(status))) return ''
  return statuses.find(status => seen.includes(status)) ?? 'passing'
}

const statuses = ['maintenance', 'critical', 'warning', 'passing']

function statusOf(check: Row): string {
  const [id, status] = [text(check.CheckID), text(check.Status)]
  if (id === '_node_maintenance' || id.startsWith('_service_maintenance:')) return 'maintenance'
  return status === 'maintenance' ? '' : status
}

const checkFields = struct('*api.HealthCheck', {
  Node: text,
  CheckID: text,
  Name: text,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: text,
  ServiceName: text,
  ServiceTags: strings,
  Type: text,
  Namespace: text,
  Partition: text,
  ExposedPort: int,
  PeerName: text,
  Definition: definition,
  CreateIndex: uint64,
  ModifyIndex: uint64,
})

const listed = list('[]*api.HealthCheck', json => {
  const { type, fields } = checkFields(json)
  return new Struct(type, fields, { json: () => checkJson(fields) })
})

function checkJson(fields: ReadonlyMap<string, Value>): Iterable<readonly [string, Value]> {
  // Where a pointer leads to the definition, as here, it has a JSON of its own; alone it is a struct like any other.
  const definition = fields.get('Definition')
  const shown = definition instanceof Struct ? [['Definition', withTextsInJson(definition)] as const] : []
  return without(new Map([...fields, ...shown]), ['Namespace', 'Partition', 'PeerName'])
}

function withTextsInJson({ type, fields }: Struct): Struct {
  return new Struct(type, fields, { json: () => definitionJson(fields) })
}

const durations = ['Interval', 'Timeout', 'DeregisterCriticalServiceAfter'] as const

/** Each duration stands there twice, whichever of the two Consul sends. */
const definitionFields = struct('api.HealthCheckDefinition', {
  HTTP: text,
  Header: map('map[string][]string', strings),
  Method: text,
  Body: text,
  TLSServerName: text,
  TLSSkipVerify: bool,
  TCP: text,
  TCPUseTLS: bool,
  UDP: text,
  GRPC: text,
  OSService: text,
  GRPCUseTLS: bool,
  IntervalDuration: (_, row) => new Duration(durationIn(row, 'Interval')),
  TimeoutDuration: (_, row) => new Duration(durationIn(row, 'Timeout')),
  DeregisterCriticalServiceAfterDuration: (_, row) => new Duration(durationIn(row, 'DeregisterCriticalServiceAfter')),
  SessionName: text,
  Interval: (_, row) => new ReadableDuration(durationIn(row, 'Interval')),
  Timeout: (_, row) => new ReadableDuration(durationIn(row, 'Timeout')),
  DeregisterCriticalServiceAfter: (_, row) => new ReadableDuration(durationIn(row, 'DeregisterCriticalServiceAfter')),
})

function durationIn(row: Row, name: (typeof durations)[number]): bigint {
  return nanoseconds(row[`${name}Duration`] ?? row[name])
}

function definition(json: unknown): Struct {
  const { type, fields } = definitionFields(json)
  return new Struct(type, fields, {
    json: () => without(fields, ['SessionName']).filter(([name]) => !isOnlyInGo(name)),
  })
}

function definitionJson(fields: ReadonlyMap<string, Value>): Iterable<readonly [string, Value]> {
  const first = durations.map(name => [name, durationOf(fields.get(name))] as const)
  const rest = without(fields, ['SessionName']).filter(
    ([name]) => !isOnlyInGo(name) && !durations.some(duration => duration === name),
  )
  return [...first, ...rest]
}

function isOnlyInGo(name: string): boolean {
  return durations.some(duration => name === `${duration}Duration`)
}

function durationOf(value: Value | undefined): string {
  return value instanceof ReadableDuration ? durationText(value.nanoseconds) : ''
}

/** What JSON leaves out when it is empty. */
export function without(
  fields: ReadonlyMap<string, Value>,
  whenEmpty: readonly string[],
): (readonly [string, Value])[] {
  return [...fields].filter(([name, value]) => isTrue(value) || !whenEmpty.includes(name))
}

/** api.ReadableDuration: a number wherever it is handed on, but a pointer to it has a text. */
class ReadableDuration extends Opaque {
  readonly goType = 'api.ReadableDuration'
  readonly nanoseconds: bigint

  constructor(nanoseconds: bigint) {
    super()
    this.nanoseconds = nanoseconds
  }

  override print(): string {
    return String(this.nanoseconds)
  }

  override inPlace(): Value {
    return durationText(this.nanoseconds)
  }

  override underlying(): Value {
    return this.nanoseconds
  }

  override equals(other: Value): boolean {
    return other instanceof ReadableDuration && other.nanoseconds === this.nanoseconds
  }

  override method(name: string): Func | undefined {
    if (name === 'String') return new Func(name, [], () => durationText(this.nanoseconds))
    return name === 'Duration' ? new Func(name, [], () => new Duration(this.nanoseconds)) : undefined
  }
}
