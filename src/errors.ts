/** The unexpected: a code for machines, a message for the operator, the cause for whoever mends it. */

interface Kind {
  readonly class: 'config' | 'source' | 'template' | 'target'
  readonly exit: number // of `-once` and of a start that cannot go on; sysexits(3)
}

const kinds = {
  CONFIG_UNREADABLE: { class: 'config', exit: 78 },
  CONFIG_INVALID: { class: 'config', exit: 78 },
  CONFIG_STATE_LOCKED: { class: 'config', exit: 78 },
  SOURCE_UNREACHABLE: { class: 'source', exit: 69 },
  SOURCE_DENIED: { class: 'source', exit: 69 },
  SOURCE_EMPTY: { class: 'source', exit: 69 },
  SOURCE_MALFORMED: { class: 'source', exit: 69 },
  SOURCE_NO_INDEX: { class: 'source', exit: 69 },
  TEMPLATE_UNREADABLE: { class: 'template', exit: 65 },
  TEMPLATE_SYNTAX: { class: 'template', exit: 65 },
  TEMPLATE_UNDEFINED: { class: 'template', exit: 65 },
  TEMPLATE_FAILED: { class: 'template', exit: 65 },
  TEMPLATE_BUDGET: { class: 'template', exit: 65 },
  TARGET_NOT_INSTALLED: { class: 'target', exit: 75 },
  TARGET_TREE_BROKEN: { class: 'target', exit: 75 },
  TARGET_INVALID: { class: 'target', exit: 75 },
  TARGET_STAGE_FAILED: { class: 'target', exit: 75 },
  TARGET_PID_FOREIGN: { class: 'target', exit: 75 },
  TARGET_NOT_TAKEN_UP: { class: 'target', exit: 75 },
  TARGET_ROLLBACK_FAILED: { class: 'target', exit: 75 },
  TARGET_COMMAND_FAILED: { class: 'target', exit: 75 },
  TARGET_EXITED: { class: 'target', exit: 75 },
} as const satisfies Record<string, Kind>

export type Code = keyof typeof kinds
export const codes = Object.keys(kinds) as readonly Code[]

/** Exit code for a command line that is wrong (sysexits EX_USAGE) and for a bug of ours (EX_SOFTWARE). */
export const EXIT_USAGE = 64
export const EXIT_BUG = 70

interface ErrorDetails {
  readonly cause?: unknown
  readonly retryAfter?: number | undefined
  readonly service?: string | undefined
}

export class UpstreamdError extends Error {
  readonly code: Code
  /** Milliseconds the other side asked us to wait (HTTP `Retry-After`). */
  readonly retryAfter: number | undefined
  /** The service a template was at when it failed. */
  readonly service: string | undefined

  constructor(code: Code, message: string, options: ErrorDetails = {}) {
    super(message, { cause: options.cause })
    this.name = 'UpstreamdError'
    this.code = code
    this.retryAfter = options.retryAfter
    this.service = options.service
  }
}

export function isOf(group: Kind['class'], error: unknown): error is UpstreamdError {
  return error instanceof UpstreamdError && kinds[error.code].class === group
}

export function exitCodeOf(error: unknown): number {
  return error instanceof UpstreamdError ? kinds[error.code].exit : EXIT_BUG
}

/** One line of a thrown value and what caused it, without the stack. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)

  const cause = error.cause === undefined ? '' : `: ${reasonOf(error.cause)}`
  return `${error.message || error.name}${cause}`
}

/** The `code` of a system error (`ENOENT`), if it is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Out of descriptors, processes or memory: whatever was asked for is unknown, not absent. */
export function isExhausted(error: unknown): boolean {
  return ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].includes(systemCode(error) ?? '')
}
