import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, readIfThere, readJsonIfThere, replaceFile, syncFolder, writeNew } from '../disk.ts'
import { digestOf, type Generation, type RenderedFile } from '../model/generation.ts'
import type { Selection, Site } from '../model/selection.ts'
import { type KeptFile, keptText } from './keep-files.ts'

/** Generations as folders, one per digest. A folder that has its final name is complete. */
export interface Generations {
  folder(digest: string): string
  /** Writes what is missing of it; `extra` files are laid beside the rendered ones, and are not part of the digest. */
  write(generation: Generation, extra?: readonly RenderedFile[]): Promise<void>
  read(digest: string): Promise<Generation | undefined>
  /** What it was rendered from; also when its files are no longer what they were. */
  selection(digest: string): Promise<Selection | undefined>
  /** All that `write` lays down, each to be written again by itself. */
  kept(generation: Generation, extra?: readonly RenderedFile[]): readonly KeptFile[]
  /** Removes the oldest, but never those named. */
  prune(keep: readonly (string | undefined)[]): Promise<void>
}

/** How many are kept beside those in use, for looking at and going back to. */
const KEPT = 5
/** Nobody takes longer to write a generation. */
const BUILDING_MS = 60_000
const MANIFEST = 'manifest.json'
const FILE_MODE = 0o640

interface Manifest {
  readonly paths: readonly string[]
  readonly selection: Selection
}

/** `place` says where in its folder a rendered file stands: by its own path, or, for absolute ones, by number. */
export function createGenerations(root: string, place: (path: string, position: number) => string): Generations {
  const folder = (digest: string) => join(root, digest)

  async function readManifest(digest: string): Promise<Manifest | undefined> {
    return (await readJsonIfThere(join(folder(digest), MANIFEST))) as Manifest | undefined
  }

  async function read(digest: string): Promise<Generation | undefined> {
    const manifest = await readManifest(digest)
    if (manifest === undefined) return undefined

    const { paths, selection } = manifest
    const files: RenderedFile[] = []
    for (const [position, path] of paths.entries()) {
      const text = await readIfThere(join(folder(digest), place(path, position)))
      if (text === undefined) return undefined
      files.push({ path, text })
    }
    // What somebody has edited is no longer that generation.
    return digestOf(files) === digest ? { digest, files, selection } : undefined
  }

  async function write(generation: Generation, extra: readonly RenderedFile[] = []): Promise<void> {
    const final = folder(generation.digest)
    const present = await read(generation.digest)
    if (present !== undefined && (await holds(final, extra))) return

    // nginx may be started with this folder at any moment: what somebody edited in it is mended file by file.
    if (existsSync(final)) {
      for (const file of kept(generation, extra)) await file.restore()
      return
    }
    const building = join(root, `.${generation.digest.slice(0, 12)}.${randomBytes(4).toString('hex')}`)
    const files = contents(generation, extra)
    try {
      for (const folder of new Set(files.map(({ path }) => dirname(join(building, path))))) {
        await makeFolder(folder, 0o750)
      }
      // At the same time, because each waits for the disk.
      await Promise.all(files.map(({ path, text }) => writeNew(join(building, path), text, FILE_MODE)))
      await rename(building, final)
      await syncFolder(root)
    } catch (error) {
      await rm(building, { recursive: true, force: true })
      throw error
    }
  }

  function contents(generation: Generation, extra: readonly RenderedFile[]): RenderedFile[] {
    return [
      ...generation.files.map(({ path, text }, position) => ({ path: place(path, position), text })),
      ...extra,
      { path: MANIFEST, text: manifestOf(generation) },
    ]
  }

  function kept(generation: Generation, extra: readonly RenderedFile[] = []): KeptFile[] {
    return contents(generation, extra).map(({ path, text }) =>
      keptText(join(folder(generation.digest), path), text, (path, text) => replaceFile(path, text, FILE_MODE)),
    )
  }

  return {
    folder,
    write,
    read,
    selection: async digest => (await readManifest(digest))?.selection,
    kept,
    async prune(keep) {
      const found: { name: string; at: number }[] = []
      for (const name of await readdir(root)) {
        const at = (await stat(join(root, name)).catch(() => undefined))?.mtimeMs
        // What is being written beside us is no litter, and gets its name while we look.
        const isBeingWritten = name.startsWith('.') && at !== undefined && Date.now() - at < BUILDING_MS
        if (at !== undefined && !isBeingWritten) found.push({ name, at })
      }
      const spare = found.filter(({ name }) => !keep.includes(name)).sort((a, b) => b.at - a.at)
      for (const { name } of spare.slice(KEPT)) await rm(join(root, name), { recursive: true, force: true })
    },
  }
}

const manifests = new WeakMap<Generation, string>()

/** JSON of a Manifest; most sites are the same objects from one generation to the next. */
function manifestOf(generation: Generation): string {
  const known = manifests.get(generation)
  if (known !== undefined) return known
  const { sites, unavailable, rejections } = generation.selection
  const paths = generation.files.map(({ path }) => path)
  const rest = JSON.stringify({ unavailable, rejections }).slice(1)
  const text = `{"paths":${JSON.stringify(paths)},"selection":{"sites":[${sites.map(textOf).join(',')}],${rest}}`
  manifests.set(generation, text)
  return text
}

const texts = new WeakMap<Site, string>()

function textOf(site: Site): string {
  const known = texts.get(site) ?? JSON.stringify(site)
  texts.set(site, known)
  return known
}

async function holds(folder: string, files: readonly RenderedFile[]): Promise<boolean> {
  for (const { path, text } of files) {
    if ((await readIfThere(join(folder, path))) !== text) return false
  }
  return true
}
