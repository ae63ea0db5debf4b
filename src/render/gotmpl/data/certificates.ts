import type { Row } from '../../../model/query.ts'
import { Instant } from '../functions/time/instant.ts'
import { RFC3339_NANO } from '../functions/time/layout.ts'
import { parsedTime } from '../functions/time/parse.ts'
import { GoError, Nil, Slice, Struct, type Value } from '../values.ts'
import { without } from './check.ts'
import { bool, int, struct, text, uint64 } from './read.ts'
import { remembered } from './remembered.ts'

export const ROOTS = '[]*api.CARoot'

export const roots = remembered((rows: readonly Row[]) => {
  return new Slice(
    ROOTS,
    rows.map(row => root(row)),
  )
})

const rootFields = struct('*api.CARoot', {
  ID: text,
  Name: text,
  RootCertPEM: text,
  Active: bool,
  NotBefore: momentPointer,
  NotAfter: momentPointer,
  DaysRemaining: json => (json === undefined ? new Nil('*int') : int(json)),
  CreateIndex: uint64,
  ModifyIndex: uint64,
})

const root = remembered((row: Row) => {
  const { type, fields } = rootFields({ ...row, RootCertPEM: row.RootCert })
  const whenEmpty = ['NotBefore', 'NotAfter', 'DaysRemaining']
  const json = () =>
    without(fields, whenEmpty).map(([name, value]) => [name === 'RootCertPEM' ? 'RootCert' : name, value] as const)
  return new Struct(type, fields, { json })
})

const leafFields = struct('*api.LeafCert', {
  SerialNumber: text,
  CertPEM: text,
  PrivateKeyPEM: text,
  Service: text,
  ServiceURI: text,
  ValidAfter: moment,
  ValidBefore: moment,
  CreateIndex: uint64,
  ModifyIndex: uint64,
})

export const leaf = remembered((row: Row) => {
  const { type, fields } = leafFields(row)
  return new Struct(type, fields, { json: () => without(fields, ['CertPEM', 'PrivateKeyPEM']) })
})

/** *time.Time: it prints as the time does. */
class InstantPointer extends Instant {
  override readonly goType = '*time.Time'
}

export function momentPointer(json: unknown): Value {
  return typeof json === 'string' ? new InstantPointer(moment(json).moment) : new Nil('*time.Time')
}

function moment(json: unknown): Instant {
  try {
    return new Instant(parsedTime(RFC3339_NANO, typeof json === 'string' ? json : never))
  } catch (error) {
    if (error instanceof GoError) return new Instant(parsedTime(RFC3339_NANO, never))
    throw error
  }
}

const never = '0001-01-01T00:00:00Z'
