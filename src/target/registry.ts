import { registry } from '../registry.ts'
import { files } from './files/index.ts'
import { nginx } from './nginx/index.ts'
import type { Target } from './target.ts'

export const targets = registry<Target>()([
  nginx, //
  files,
])
