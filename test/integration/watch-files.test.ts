import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { watchFiles } from '../../src/watch-files.ts'
import { until } from '../support/wait.ts'

let folder: string
let ending: AbortController
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-watch-'))
  ending = new AbortController()
})
afterEach(() => {
  ending.abort()
  rmSync(folder, { recursive: true, force: true })
})

/** Watches a file and counts; what is not told cannot be waited for, so a second file says when it would have been. */
function watched(name: string, text: string) {
  const path = join(folder, name)
  const marker = join(folder, 'marker')
  writeFileSync(path, text)
  writeFileSync(marker, '')
  const seen: string[] = []
  watchFiles([path, marker], changed => void seen.push(changed), ending.signal)
  const times = () => seen.filter(changed => changed === path).length
  return {
    path,
    times,
    told: () => until('the change is told', () => times() > 0, 4_000),
    async settled() {
      const before = seen.length
      appendFileSync(marker, 'x')
      await until('the marker is told', () => seen.slice(before).includes(marker), 4_000)
    },
  }
}

describe('a change is seen', () => {
  it('right behind the start, before the watcher itself is ready', async () => {
    const file = watched('app.njk', 'old')

    writeFileSync(file.path, 'new')

    await file.told()
  })

  it('when an editor writes in place', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()

    writeFileSync(file.path, 'new')

    await file.told()
  })

  it('when an editor renames a new file onto it, again and again', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()

    for (const round of [1, 2, 3]) {
      writeFileSync(join(folder, 'app.njk.new'), `round ${round}`)
      renameSync(join(folder, 'app.njk.new'), file.path)
      await until(`round ${round} is told`, () => file.times() >= round, 4_000)
    }
  })

  it('when it is replaced twice in a moment, also the next time', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()

    for (const round of [1, 2, 3, 4, 5, 6]) {
      for (const part of ['a', 'b']) {
        writeFileSync(join(folder, 'app.njk.new'), `${round} ${part}`)
        renameSync(join(folder, 'app.njk.new'), file.path)
      }
      await until(`round ${round} is told`, () => file.times() >= round, 4_000)
    }
  })

  it('when other files of its folder are written all the time', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()
    const noise = setInterval(() => appendFileSync(join(folder, 'noise.log'), 'x'), 10)

    try {
      writeFileSync(file.path, 'new')
      await file.told()
    } finally {
      clearInterval(noise)
    }
  })

  it('when the folder is known by a link', async () => {
    symlinkSync(folder, `${folder}.link`)
    const file = watched('app.njk', 'old')
    const seen: string[] = []
    watchFiles([join(`${folder}.link`, 'app.njk')], changed => void seen.push(changed), ending.signal)
    await file.settled()

    try {
      for (const round of [1, 2]) {
        writeFileSync(join(folder, 'app.njk.new'), `round ${round}`)
        renameSync(join(folder, 'app.njk.new'), file.path)
        await until(`round ${round} is told`, () => seen.length >= round, 4_000)
      }
    } finally {
      rmSync(`${folder}.link`)
    }
  })

  it('when the file goes, and when it is back', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()

    rmSync(file.path)
    await until('that it is gone is told', () => file.times() === 1, 4_000)
    writeFileSync(file.path, 'old')
    await until('that it is back is told', () => file.times() === 2, 4_000)
  })

  it('when a mounted folder is exchanged by its link, as Kubernetes does it, again and again', async () => {
    const exchange = (round: number) => {
      mkdirSync(join(folder, `..${round}`))
      writeFileSync(join(folder, `..${round}/app.njk`), `round ${round}`)
      symlinkSync(`..${round}`, join(folder, '..data.new'))
      renameSync(join(folder, '..data.new'), join(folder, '..data'))
      rmSync(join(folder, `..${round - 1}`), { recursive: true, force: true })
    }
    exchange(0)
    symlinkSync('..data/app.njk', join(folder, 'link.njk'))
    const file = watched('other.njk', '')
    const seen: string[] = []
    watchFiles([join(folder, 'link.njk')], changed => void seen.push(changed), ending.signal)
    await file.settled()

    for (const round of [1, 2, 3]) {
      exchange(round)
      await until(`round ${round} is told`, () => seen.length >= round, 4_000)
    }
  })
})

describe('what is no change is not told', () => {
  it('a touch', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()

    utimesSync(file.path, new Date(), new Date())
    await file.settled()

    expect(file.times()).toBe(0)
  })

  it('the same text, written again', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()

    writeFileSync(file.path, 'old')
    await file.settled()

    expect(file.times()).toBe(0)
  })

  it('anything behind a stop', async () => {
    const file = watched('app.njk', 'old')
    await file.settled()
    ending.abort()

    const other = new AbortController()
    try {
      const told = new Promise<void>(resolve => watchFiles([file.path], () => resolve(), other.signal))
      writeFileSync(file.path, 'new')
      await told
    } finally {
      other.abort()
    }

    expect(file.times()).toBe(0)
  })
})
