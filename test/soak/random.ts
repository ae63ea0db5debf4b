/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Random {
  /** 0 ≤ x < 1 */
  next(): number
  between(least: number, most: number): number
  pick<T>(list: readonly [T, ...T[]]): T
  /** One for somebody else, so that who asks how often does not change what the others get. */
  split(): Random
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: list => list[Math.floor(next() * list.length)] ?? list[0],
    split: () => seeded(Math.floor(next() * 2 ** 32)),
  }
}
