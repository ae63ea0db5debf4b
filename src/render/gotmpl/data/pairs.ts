import type { Row } from '../../../model/query.ts'
import { PAIRS } from '../functions/types.ts'
import { Slice } from '../values.ts'
import { base64, structOf, text, uint64 } from './read.ts'
import { remembered } from './remembered.ts'

/** The value of a key, decoded. */
export const valueIn = remembered((row: Row) => base64(row.Value))

/** The pairs right under the prefix. */
export const pairsIn = remembered((rows: readonly Row[], prefix) =>
  pairsOf(rows, prefix, key => key !== '' && !key.includes('/')),
)

/** All pairs under the prefix, but for what is a folder. */
export const pairsBelow = remembered((rows: readonly Row[], prefix) =>
  pairsOf(rows, prefix, key => key !== '' && !key.endsWith('/')),
)

function pairsOf(rows: readonly Row[], prefix: string, holds: (key: string) => boolean): Slice {
  const held = rows.filter(row => holds(keyBelow(prefix, row)))
  return new Slice(
    PAIRS,
    held.map(row => pair(row, prefix)),
  )
}

const pair = remembered((row: Row, prefix) =>
  structOf('*dependency.KeyPair', {
    Path: text(row.Key),
    Key: keyBelow(prefix, row),
    Value: valueIn(row),
    CreateIndex: uint64(row.CreateIndex),
    ModifyIndex: uint64(row.ModifyIndex),
    LockIndex: uint64(row.LockIndex),
    Flags: uint64(row.Flags),
    Session: text(row.Session),
  }),
)

function keyBelow(prefix: string, row: Row): string {
  const path = text(row.Key)
  return (path.startsWith(prefix) ? path.slice(prefix.length) : path).replace(/^\/+/, '')
}
