import { registry } from '../registry.ts'
import { consul } from './consul/index.ts'
import { file } from './file/index.ts'
import type { Source } from './source.ts'

export const sources = registry<Source>()([
  consul, //
  file,
])
