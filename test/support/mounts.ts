import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** In a chroot, or without the right to mount, there is no small disk to be tested with. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-mount-'))
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status !== 0) return false
    return spawnSync('umount', [folder]).status === 0
  } finally {
    rmdirSync(folder)
  }
}

/** File systems of a test; whoever mounts them takes them away again, before the folder is cleared. */
export class Mounts {
  readonly #paths: string[] = []

  /** A disk of its own at `path`, with this many bytes and files. */
  small(path: string, options = 'size=4m,nr_inodes=300'): void {
    mkdirSync(path, { recursive: true })
    this.#mount(path, ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  }

  /** A file or folder as a mount of its own, as containers have them. */
  bind(path: string, source = path): void {
    this.#mount(path, ['--bind', source, path])
  }

  /** As a disk with a fault becomes, while files on it are open for writing. */
  readOnly(path: string): void {
    this.bind(path)
    run('mount', ['-o', 'remount,bind,ro', path])
  }

  /** Takes the last mount at `path` away. */
  take(path: string): void {
    run('umount', ['-l', path])
    this.#paths.splice(this.#paths.lastIndexOf(path), 1)
  }

  clear(): void {
    for (const path of [...this.#paths].reverse()) this.take(path)
  }

  #mount(path: string, args: readonly string[]): void {
    run('mount', args)
    this.#paths.push(path)
  }
}

/** Writes until the disk takes no more; what was there before is not touched. Returns what makes room again. */
export function fill(folder: string): () => void {
  const filler = join(folder, '.filler')
  for (const chunk of [65_536, 4_096, 1])
    whileThereIsRoom(() => writeFileSync(filler, 'x'.repeat(chunk), { flag: 'a' }))
  return () => rmSync(filler)
}

/** The same, with files instead of bytes. */
export function useUpInodes(folder: string): () => void {
  const fillers = join(folder, '.fillers')
  let count = 0
  mkdirSync(fillers)
  whileThereIsRoom(() => {
    writeFileSync(join(fillers, String(count)), '')
    count += 1
  })
  return () => rmSync(fillers, { recursive: true })
}

function whileThereIsRoom(write: () => void): void {
  try {
    while (true) write()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}
