import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, nginxOf } from '../support/upstreamd.ts'

/** What must not grow. */
export interface Vitals {
  readonly rss: number // MiB, of upstreamd
  readonly heap: number // MiB, what is left of it when garbage has been collected
  readonly descriptors: number // of upstreamd
  readonly watches: number // of inotify, of upstreamd
  readonly nginx: number // processes, those on their way out included
  readonly nginxRss: number // MiB, of all of them
  readonly generations: number // on the disk
  readonly files: number // in the state folder
  readonly controlLog: number // KiB
}

export function vitalsOf(pid: number, { folder, state }: Bench, heapFile: string): Vitals {
  const nginx = nginxOf(folder)
  const paths = readdirSync(state, { recursive: true, encoding: 'utf8' })
  const log = paths.find(path => path.endsWith('run/control.log'))
  return {
    rss: rssOf(pid),
    heap: Math.round(Number(textOf(heapFile)) / 2 ** 20),
    descriptors: namesIn(`/proc/${pid}/fd`).length,
    watches: watchesOf(pid),
    nginx: nginx.length,
    nginxRss: nginx.reduce((sum, process) => sum + rssOf(process.pid), 0),
    generations: paths.filter(path => /(^|\/)generations\/[^/]+$/.test(path)).length,
    files: paths.length,
    controlLog: log === undefined ? 0 : Math.round(statSync(join(state, log)).size / 1024),
  }
}

/** How far each may be above what it was at the start. */
const growth: Readonly<Record<keyof Vitals, number>> = {
  rss: 120, // V8 and malloc grow in steps, and give nothing back
  heap: 6,
  descriptors: 15,
  watches: 10,
  nginx: 0,
  nginxRss: 60,
  generations: 8, // it keeps the live one, the one before and five more; and what is being written
  files: 60,
  controlLog: 1_100, // it starts over at 1 MiB
}

export function grown(start: Vitals, end: Vitals): string[] {
  return (Object.keys(growth) as (keyof Vitals)[])
    .filter(name => end[name] > start[name] + growth[name])
    .map(name => `${name} grew from ${start[name]} to ${end[name]}; ${growth[name]} more are allowed`)
}

function rssOf(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) / 1024)
}

function watchesOf(pid: number): number {
  const folder = `/proc/${pid}/fdinfo`
  const lines = namesIn(folder).flatMap(name => textOf(join(folder, name)).split('\n'))
  return lines.filter(line => line.startsWith('inotify ')).length
}

/** None of a process that is gone: it is just being started again. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // closed or ended while we looked
  }
}
