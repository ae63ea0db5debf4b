import type { Rule } from './rule.ts'
import { clientAddress } from './rules/client-address.ts'
import { defaultServer } from './rules/default-server.ts'
import { emptyUpstream } from './rules/empty-upstream.ts'
import { logPerService } from './rules/log-per-service.ts'
import { longName } from './rules/long-name.ts'
import { failingAnswers, searchedAnswers } from './rules/next-upstream.ts'
import { proxyLoop } from './rules/proxy-loop.ts'
import { unmetTag } from './rules/unmet-tag.ts'
import { unquoted } from './rules/unquoted.ts'
import { websocket } from './rules/websocket.ts'

/** Everything that is looked for; docs/lint.md has a paragraph for each. */
export const rules: readonly Rule[] = [
  emptyUpstream,
  failingAnswers,
  searchedAnswers,
  defaultServer,
  websocket,
  clientAddress,
  longName,
  logPerService,
  unmetTag,
  unquoted,
  proxyLoop,
]
