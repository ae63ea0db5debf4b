import type { Row } from '../../../model/query.ts'
import { Slice, type Value } from '../values.ts'
import { by } from './catalog.ts'
import { momentPointer } from './certificates.ts'
import { isRow, strings, struct, text, textMap } from './read.ts'
import { remembered } from './remembered.ts'

export const PEERINGS = '[]*dependency.Peering'
export const PARTITIONS = '[]*dependency.Partition'
export const EXPORTED = '[]dependency.ExportedService'
export const IMPORTED = '[]dependency.ImportedService'

const peering = struct('*dependency.Peering', {
  ID: text,
  Name: text,
  Partition: text,
  Meta: textMap,
  PeeringState: text,
  PeerID: text,
  PeerServerName: text,
  PeerServerAddresses: strings,
  StreamStatus: struct('dependency.PeeringStreamStatus', {
    ImportedServices: strings,
    ExportedServices: strings,
    LastHeartbeat: momentPointer,
    LastReceive: momentPointer,
    LastSend: momentPointer,
  }),
  Remote: struct('dependency.PeeringRemoteInfo', { Partition: text, Datacenter: text }),
})

export const peerings = remembered((rows: readonly Row[]) => {
  return slice(PEERINGS, rows.toSorted(by('State', 'Partition', 'Name')), row =>
    peering({ ...row, PeeringState: row.State }),
  )
})

const partition = struct('*dependency.Partition', { Name: text, Description: text })

export const partitions = remembered((rows: readonly Row[]) => slice(PARTITIONS, rows.toSorted(by('Name')), partition))

/** As in consul-template, nobody learns the partition and the namespace of an exported service. */
const exportedService = struct('dependency.ExportedService', {
  Service: text,
  Partition: () => '',
  Namespace: () => '',
  Consumers: consumers,
})

/** The list of exported services calls a service `Service`, the configuration entry behind it calls it `Name`. */
export const exportedServices = remembered((rows: readonly Row[]) => {
  const named = rows.map(row => ({ ...row, Service: row.Service ?? row.Name }))
  return slice(EXPORTED, named.toSorted(by('Service')), exportedService)
})

/** Two lists of names, or a list with one name in each. */
function consumers(json: unknown): Value {
  const one = Array.isArray(json) ? json.filter(isRow) : []
  const each = (name: string) => one.map(consumer => consumer[name]).filter(Boolean)
  const { Peers, Partitions } = isRow(json) ? json : { Peers: each('Peer'), Partitions: each('Partition') }
  return resolvedConsumers({ Peers: Peers ?? [], Partitions: Partitions ?? [] })
}

const resolvedConsumers = struct('dependency.ResolvedConsumers', { Peers: strings, Partitions: strings })

const importedService = struct('dependency.ImportedService', {
  Service: text,
  Namespace: text,
  SourcePartition: text,
})

export const importedServices = remembered((rows: readonly Row[]) =>
  slice(IMPORTED, rows.toSorted(by('Service')), importedService),
)

function slice(type: string, rows: readonly Row[], read: (row: Row) => Value): Slice {
  return new Slice(type, rows.map(read))
}
