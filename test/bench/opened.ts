// What the benchmark has started, so that all of it is ended on every way out, Ctrl-C included.

const open = new Set<() => Promise<void>>()
const state = { isOver: false }

/**
 * Remembers how to end something; what is returned ends it, once. To be called before it is started, because it throws
 * when the benchmark is being ended.
 */
export function opened(close: () => Promise<void>): () => Promise<void> {
  if (state.isOver) throw new Error('the benchmark is being ended')
  let closing: Promise<void> | undefined
  async function once(): Promise<void> {
    closing ??= close().finally(() => open.delete(once))
    await closing
  }
  open.add(once)
  return once
}

/** The newest first: a program before the Consul it watches. */
export async function closeAll(): Promise<void> {
  for (const close of [...open].reverse()) {
    await close().catch(error => console.error(`could not be ended: ${error}`))
  }
}

/** Nothing is started any more. */
export async function closeForGood(): Promise<void> {
  state.isOver = true
  await closeAll()
}
