/** How long a turn lasts. */
export interface Pace {
  readonly places: number
  readonly long: number // ms a turn may last when there is a place for everybody
  readonly round: number // ms in which everybody is to have had one when there is not
  readonly least: number // ms of a turn, however many want one
}

export interface Turn {
  readonly length: number // ms to make use of it
  /** Aborts when it is a long one and somebody comes for whom there is no place. */
  readonly cut: AbortSignal
  end(): void
}

export function turnLength(members: number, { places, long, round, least }: Pace): number {
  return members <= places ? long : Math.max(least, Math.floor((round * places) / members))
}

/** A few places for many. Whoever waits is let in in the order of coming. */
export class Turns {
  readonly #pace: Pace
  #members = 0
  readonly #held = new Map<AbortController, number>() // how long they last
  readonly #waiting = new Set<() => void>()

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /**
   * One more who will want turns, again and again, until what is returned is called: it is by their number that turns
   * are long or short. Who is between two turns now would otherwise be taken for gone, and cut the next long one.
   */
  join(): () => void {
    this.#members += 1
    return () => {
      this.#members -= 1
    }
  }

  /** Rejects with the signal's reason when it aborts before there is a place. */
  take(signal: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve(this.#begin())
      }
      if (signal.aborted) return reject(signal.reason)
      if (this.#held.size < this.#pace.places) return enter()
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.add(enter)
      if (this.#members <= this.#pace.places) return
      for (const [cut, length] of this.#held) if (length === this.#pace.long) cut.abort()
    })
  }

  #begin(): Turn {
    const cut = new AbortController()
    const length = turnLength(this.#members, this.#pace)
    this.#held.set(cut, length)
    return { length, cut: cut.signal, end: () => this.#end(cut) }
  }

  #end(cut: AbortController): void {
    const [next] = this.#waiting
    if (!this.#held.delete(cut) || next === undefined) return
    this.#waiting.delete(next)
    next()
  }
}
