// Writes what the documentation takes from the code: docs/configuration.md and docs/config.schema.json.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configReference, configSchema } from '../test/support/config-reference.ts'

const docs = join(import.meta.dirname, '../docs')
writeFileSync(join(docs, 'configuration.md'), configReference())
writeFileSync(join(docs, 'config.schema.json'), configSchema())
