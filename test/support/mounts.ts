import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
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

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}
