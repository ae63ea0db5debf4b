const began = performance.now()

/** A line of what is being done now, and how long the benchmark has been running. */
export function say(line: string): void {
  console.log(`${elapsed()} ${line}`)
}

export function elapsed(): string {
  const seconds = Math.round((performance.now() - began) / 1_000)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}
