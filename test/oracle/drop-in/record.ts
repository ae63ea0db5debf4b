/**
 * Records what consul-template makes of the users' template (test/fixtures/user-setup), with a real Consul behind it:
 *
 *     CONSUL_TEMPLATE_BIN=/path/of/consul-template node test/oracle/drop-in/record.ts
 *
 * Without the variable the program is looked for on PATH. The tests read what was recorded, and ask the program itself
 * where they find it.
 */
import { writeFileSync } from 'node:fs'
import { startConsul } from '../../support/consul.ts'
import {
  consulTemplate,
  type DropInRecorded,
  dropInRecordedPath,
  populate,
  roomy,
  SIZES,
  sumOf,
  theirText,
  VERSION,
} from '../../support/drop-in.ts'

const program = consulTemplate()
if (program === undefined) throw new Error(`no consul-template ${VERSION}: give its path in CONSUL_TEMPLATE_BIN`)

const sha256: Record<string, string> = {}
for (const size of SIZES) {
  const consul = await startConsul(roomy)
  try {
    await populate(consul, size)
    sha256[size] = sumOf(theirText(program, consul.address))
  } finally {
    await consul.stop()
  }
}
const recorded: DropInRecorded = { recordedFrom: `consul-template ${VERSION}`, sha256 }
writeFileSync(dropInRecordedPath, `${JSON.stringify(recorded, null, 2)}\n`)
console.log(`${SIZES.join(', ')} services recorded in ${dropInRecordedPath}`)
