import { isOf } from '../../errors.ts'
import type { ConsulClient } from './client.ts'

interface Opened {
  readonly client: ConsulClient
  asking: number
}

/**
 * A client that is opened anew after a failure: a token or a certificate may have been exchanged on the disk since.
 * What the one before is being asked is still answered.
 */
export function renewing(open: () => ConsulClient): ConsulClient {
  let current: Opened | undefined
  let before: Opened | undefined // no more than one, so that connections stay few

  function renew(failed: Opened): void {
    if (failed !== current || before !== undefined) return
    before = failed
    current = undefined
    closeIfDone(failed)
  }

  function closeIfDone(opened: Opened): void {
    if (opened !== before || opened.asking > 0) return
    opened.client.close()
    before = undefined
  }

  return {
    async ask(question, signal) {
      current ??= { client: open(), asking: 0 }
      const opened = current
      opened.asking += 1
      try {
        return await opened.client.ask(question, signal)
      } catch (error) {
        if (!signal.aborted && isOf('source', error)) renew(opened)
        throw error
      } finally {
        opened.asking -= 1
        closeIfDone(opened)
      }
    },
    close() {
      current?.client.close()
      before?.client.close()
    },
  }
}
