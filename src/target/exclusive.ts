/** Runs one task after the other: what changes nginx never overlaps. */
export function createExclusive(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return task => {
    const next = last.then(task, task)
    last = next.catch(() => {}) // whoever asked for the task hears of its failure
    return next
  }
}
