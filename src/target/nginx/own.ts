import { mkdirSync } from 'node:fs'
import { mkdir, readlink, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { closeFolder, makeFolder, switchLink } from '../../disk.ts'
import type { Generation, RenderedFile } from '../../model/generation.ts'
import { createGenerations } from '../generations.ts'
import { openLedger } from '../ledger.ts'
import { checkFolder, controlConf } from './control-socket.ts'
import type { Layout, Prepared } from './layout.ts'
import { readTree } from './tree.ts'

/** upstreamd ships nginx.conf: every generation is a folder, `current` a link that one rename switches. */
export function ownLayout(root: string): Layout & { readonly conf: string; readonly run: string } {
  const folders = { generations: join(root, 'generations'), run: join(root, 'run'), test: join(root, 'test') }
  checkFolder(folders.run)
  mkdirSync(folders.generations, { recursive: true, mode: 0o750 })
  // nginx opens its sockets to everybody: the folder around them is what keeps others out.
  for (const folder of [folders.run, folders.test]) closeFolder(folder)
  const current = join(root, 'current')
  const ledger = openLedger(root)
  const generations = createGenerations(folders.generations, path => path)
  const sketch = join(folders.test, 'sketch')

  async function published(): Promise<string | undefined> {
    const link = await readlink(current).catch(() => undefined)
    return link === undefined ? undefined : basename(link)
  }
  const extras = ({ digest }: Generation): RenderedFile[] => [{ path: 'control.conf', text: controlConf(digest) }]

  function candidate(generation: Generation, folder: string): Prepared {
    const byPath = new Map(generation.files.map(file => [join(folder, file.path), file]))
    return {
      args: ['-c', join(folder, 'nginx.conf'), '-p', folders.test],
      cwd: folders.test, // its pid file and its sockets are made there, not where nginx runs
      bytes: generation.files.reduce((sum, { text }) => sum + text.length, 0),
      translate: text => text,
      fileAt: path => byPath.get(path),
      tree: () => readTree(join(folder, 'nginx.conf'), new Map([...byPath].map(([path, { text }]) => [path, text]))),
      texts: () => generation.files.map(({ text }) => text),
      withoutOurs: async () => undefined,
      // Kept for looking at, as one of the last few: `prune` knows which are in use.
      discard: async () => {},
    }
  }

  const point = (digest: string) => switchLink(current, join('generations', digest))

  return {
    conf: join(current, 'nginx.conf'),
    run: folders.run,
    cwd: folders.run,
    startArguments: () => ['-c', join(current, 'nginx.conf'), '-p', folders.run],

    async prepare(generation) {
      // Somebody may tidy up beside us.
      await makeFolder(folders.generations, 0o750)
      for (const folder of [folders.run, folders.test]) await makeFolder(folder, 0o700)
      await generations.write(generation, extras(generation))
      const { good } = await ledger.read()
      await generations.prune([generation.digest, good, await published()])
      return candidate(generation, generations.folder(generation.digest))
    },
    async sketch(generation) {
      await rm(sketch, { recursive: true, force: true })
      for (const { path, text } of [...generation.files, ...extras(generation)]) {
        await mkdir(dirname(join(sketch, path)), { recursive: true, mode: 0o750 })
        await writeFile(join(sketch, path), text, { mode: 0o640 })
      }
      return candidate(generation, sketch)
    },
    publish: ({ digest }) => point(digest),
    async settle({ digest }) {
      const before = await ledger.read()
      await ledger.update({ good: digest })
      await generations.prune([digest, before.good ?? digest])
    },
    async restore() {
      const { good } = await ledger.read()
      if (good === undefined) await rm(current, { force: true })
      else if ((await published()) !== good) await point(good) // a disk that refuses hinders only what there is to do
    },
    // A link points to a complete, validated generation or is not there: there is nothing to repair.
    recover: async () => {},
    published,
    good: async () => (await ledger.read()).good,
    async recall() {
      const { good } = await ledger.read()
      return good === undefined ? undefined : generations.read(good)
    },
    selection: digest => generations.selection(digest),
    find: digest => generations.read(digest),
    async proven() {
      const { good } = await ledger.read()
      return (await published()) === good ? good : undefined
    },
    isStartable: async () => (await published()) !== undefined,
    kept(generation) {
      const { digest } = generation
      async function restore(): Promise<boolean> {
        if ((await published()) === digest) return false
        await point(digest)
        return true
      }
      // The link is seen to be gone by itself, and to lead elsewhere by what lies behind it.
      const link = [current, join(current, 'control.conf')].map(path => ({ path, restore }))
      return [...generations.kept(generation, extras(generation)), ...link]
    },
  }
}
