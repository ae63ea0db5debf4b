// What the benchmark has started, so that all of it is ended on every way out, Ctrl-C included.

const open = new Set<() => Promise<void>>()

/** Remembers how to end something; what is returned ends it, once. */
export function opened(close: () => Promise<void>): () => Promise<void> {
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
