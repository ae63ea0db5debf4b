/**
 * Where the time of a change went, in ms. Reading it: `wake`, the answer that told of it, and `fetch`, what that did not
 * say. Making it: `select`, `render`. Trying it: `stage`, `test`. Telling the process: `signal`, from the first step of
 * publishing it until it is told, and `verified`, from there until it is known to have taken it up. What is prepared
 * while waiting for calm overlaps with that wait. A phase that was not needed is missing.
 */
export type Phases = Partial<
  Readonly<Record<'wake' | 'fetch' | 'select' | 'render' | 'stage' | 'test' | 'signal' | 'verified', number>>
>

/** In tenths of a ms. */
export function rounded(phases: Phases): Phases {
  return Object.fromEntries(Object.entries(phases).map(([name, ms]) => [name, Math.round(ms * 10) / 10]))
}
