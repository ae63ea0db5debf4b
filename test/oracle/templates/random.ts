import { seeded } from '../../soak/random.ts'

/** What is drawn from one seed, in words a generator reads well with. */
export interface Chance {
  next(): number
  isOne(inSoMany: number): boolean
  below(limit: number): number
  pick<T>(list: readonly T[]): T
  several<T>(list: readonly T[], most: number): T[]
}

export function chances(seed: number): Chance {
  const { next } = seeded(seed)
  const below = (limit: number) => Math.floor(next() * limit)
  function pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('there is nothing to pick from')
    return list[below(list.length)] as T
  }
  return {
    next,
    below,
    pick,
    isOne: inSoMany => next() * inSoMany < 1,
    several: (list, most) => [...new Set(Array.from({ length: below(most + 1) }, () => pick(list)))],
  }
}
