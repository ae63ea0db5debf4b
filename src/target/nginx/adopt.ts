import { mkdirSync } from 'node:fs'
import { mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, readIfThere, temporaryOf } from '../../disk.ts'
import { UpstreamdError } from '../../errors.ts'
import type { Generation, RenderedFile } from '../../model/generation.ts'
import type { Emit } from '../../observe/event.ts'
import { asItIs, backUp, type DestinationConfig, isAsWanted, writeDestination } from '../destination.ts'
import { createGenerations } from '../generations.ts'
import { keptText } from '../keep-files.ts'
import { openLedger } from '../ledger.ts'
import type { Layout, Prepared } from './layout.ts'
import { lookAtSocket } from './sockets.ts'
import { type ConfigFile, everywhere, includePattern, mainDirective, readTree, type Tree } from './tree.ts'
import type { Candidate } from './validate.ts'

type Staging = Candidate & Pick<Prepared, 'tree' | 'texts'>

/** A foreign nginx.conf: of its tree we own the destinations of our templates, and touch nothing else. */
export function adoptLayout(
  root: string,
  conf: string,
  rights: Readonly<Record<string, DestinationConfig>>,
  emit: Emit,
): Layout {
  const folders = { generations: join(root, 'generations'), stage: join(root, 'stage'), run: join(root, 'run') }
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const ledger = openLedger(root)
  const generations = createGenerations(folders.generations, (_path, position) => `${position}.conf`)
  let warned = false
  let stages = 0

  const wanted = (path: string) => rights[path] ?? asItIs
  async function isThere(path: string, text: string): Promise<boolean> {
    return (await readIfThere(path)) === text && isAsWanted(path, wanted(path))
  }

  async function write(files: readonly { readonly path: string; readonly text: string | null }[]): Promise<void> {
    for (const { path, text } of files) {
      if (text === null) await rm(path, { force: true })
      else if (
        !(await isThere(path, text)) &&
        (await writeDestination(path, text, wanted(path))) === 'in_place' &&
        !warned
      ) {
        warned = true
        const problem = `${path} is a mount of its own and was written in place; mount its folder instead, so that it can be replaced in one step`
        emit({ type: 'config.warned', problem })
      }
    }
  }

  /** What to go back to: the last verified texts, else what stood there before us. */
  async function previous(): Promise<{ path: string; text: string | null }[]> {
    const { good, originals = {} } = await ledger.read()
    const generation = good === undefined ? undefined : await generations.read(good)
    const files = new Map<string, string | null>(Object.entries(originals))
    for (const { path, text } of generation?.files ?? []) files.set(path, text)
    return [...files].map(([path, text]) => ({ path, text }))
  }

  async function stage(name: string, files: readonly RenderedFile[]): Promise<Staging> {
    const folder = join(folders.stage, name)
    await rm(folder, { recursive: true, force: true })
    const tree = readTree(conf, new Map(files.map(({ path, text }) => [path, text])))
    await mirror(tree, folder)
    const pid = mainDirective(tree, 'pid') === undefined ? ['-g', `pid ${join(folder, 'nginx.pid')};`] : []
    return {
      args: ['-c', join(folder, conf), ...pid],
      cwd: folder,
      bytes: [...tree.files.values()].reduce((sum, { text }) => sum + text.length, 0),
      translate: text => text.replaceAll(folder, ''),
      tree: () => tree,
      texts: () => [...tree.files.values()].map(({ text }) => text),
    }
  }

  /** A name of its own: what is thrown away late must not be the same generation staged again. */
  async function candidate(generation: Generation): Promise<Prepared> {
    stages += 1
    const name = `${generation.digest.slice(0, 12)}.${stages}`
    const byPath = new Map(generation.files.map(file => [file.path, file]))
    const staged = await stage(name, generation.files)
    return {
      ...staged,
      fileAt: path => byPath.get(path),
      withoutOurs: () =>
        stage(
          `${name}.without`,
          generation.files.map(({ path }) => ({ path, text: '' })),
        ),
      async discard() {
        await rm(join(folders.stage, name), { recursive: true, force: true })
        await rm(join(folders.stage, `${name}.without`), { recursive: true, force: true })
      },
    }
  }

  return {
    cwd: '/',
    startArguments: () => ['-c', conf],

    async prepare(generation) {
      for (const folder of Object.values(folders)) await makeFolder(folder, 0o700) // somebody may tidy up beside us
      await generations.write(generation)
      const { good, pending } = await ledger.read()
      await generations.prune([generation.digest, good, pending])
      return candidate(generation)
    },
    sketch: candidate,
    async publish(generation) {
      const { originals = {} } = await ledger.read()
      const kept = { ...originals }
      for (const { path } of generation.files) {
        if (kept[path] === undefined) kept[path] = (await readIfThere(path)) ?? null
      }
      await ledger.update({ originals: kept, pending: generation.digest })
      for (const { path, text } of generation.files) {
        const before = wanted(path).backup ? await readIfThere(path) : undefined
        if (before !== undefined && before !== text) await backUp(path)
      }
      await write(generation.files)
    },
    async settle({ digest }) {
      const before = await ledger.read()
      await ledger.update({ good: digest, pending: undefined })
      await generations.prune([digest, before.good ?? digest])
    },
    async restore() {
      // `pending` stays: until the next activation it is not certain which of the two nginx runs.
      await write(await previous())
    },
    async recover() {
      for (const name of await readdir(folders.stage))
        await rm(join(folders.stage, name), { recursive: true, force: true })
      const { pending } = await ledger.read()
      if (pending === undefined) return

      // Killed while writing in place: the text may be neither the old one nor the new one.
      const intended = (await generations.read(pending))?.files ?? []
      const back = await previous()
      for (const { path, text } of intended) {
        await rm(temporaryOf(path), { force: true })
        const found = await readIfThere(path)
        const old = back.find(file => file.path === path)
        if (found !== text && old !== undefined && (found ?? null) !== old.text) await write([old])
      }
    },
    async published() {
      const { good, pending } = await ledger.read()
      return pending ?? good
    },
    good: async () => (await ledger.read()).good,
    async recall() {
      const { good } = await ledger.read()
      return good === undefined ? undefined : generations.read(good)
    },
    selection: digest => generations.selection(digest),
    find: digest => generations.read(digest),
    async proven() {
      const { good, pending } = await ledger.read()
      const generation = good === undefined || pending !== undefined ? undefined : await generations.read(good)
      if (generation === undefined) return undefined
      for (const { path, text } of generation.files) if (!(await isThere(path, text))) return undefined
      return good
    },
    isStartable: async () => (await ledger.read()).good !== undefined,
    kept: ({ files }) => files.map(({ path, text }) => keptText(path, text, (path, text) => write([{ path, text }]))),
  }
}

/**
 * Lays the tree out under `folder`, path for path. Relative includes then find their copies by themselves;
 * absolute ones are rewritten, because nginx would test the live file instead (measured: rc 0 although the copy is broken).
 */
async function mirror(tree: Tree, folder: string): Promise<void> {
  if (!tree.files.has(tree.main)) throw new UpstreamdError('TARGET_TREE_BROKEN', `cannot read ${tree.main}`)

  for (const file of tree.files.values()) {
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, rewritten(tree, file, folder), { mode: 0o600 })
  }
  await linkOthers(dirname(tree.main), folder)
}

/** What includes do not reach, but a relative path may: certificates, password files, modules. */
async function linkOthers(live: string, folder: string): Promise<void> {
  const staged = new Set(await readdir(join(folder, live)))
  for (const name of await readdir(live)) {
    const path = join(live, name)
    if (!staged.has(name)) await symlink(path, join(folder, path))
    // A folder may be a link to one; what lies in it is staged below its name here.
    else if ((await stat(path)).isDirectory()) await linkOthers(path, folder)
  }
}

/** A file's text with its absolute includes led into the stage, and its own pid file and error log. */
function rewritten(tree: Tree, file: ConfigFile, folder: string): string {
  const edits = file
    .named('include')
    .filter(include => include.args[0]?.startsWith('/'))
    .map(include => ({ ...include, text: `include "${join(folder, includePattern(tree.main, include))}";` }))
  const own = { pid: `pid "${join(folder, 'nginx.pid')}";`, error_log: 'error_log stderr;' }
  const top = Object.entries(own).flatMap(([name, text]) => {
    const found = mainDirective(tree, name)
    return found?.file === file ? [{ ...found.directive, text }] : []
  })
  let text = file.text
  for (const edit of [...edits, ...top].sort((a, b) => b.start - a.start)) {
    // Lines are kept, so that what nginx says of line 12 is true of the live file's line 12.
    const lines = '\n'.repeat(text.slice(edit.start, edit.end).split('\n').length - 1)
    text = text.slice(0, edit.start) + edit.text + lines + text.slice(edit.end)
  }
  return text
}

/** Directives that would be duplicates, were they given with `-g` beside a tree that has them. */
export function globalsFor(conf: string): string[] {
  const tree = readTree(conf)
  const wanted = { daemon: 'daemon off;', worker_shutdown_timeout: 'worker_shutdown_timeout 30s;' }
  return Object.entries(wanted).flatMap(([name, text]) => (mainDirective(tree, name) === undefined ? [text] : []))
}

/** Where the tree's nginx writes its pid; undefined when it says nothing of it. */
export function pidFileOf(conf: string, prefix: string): string | undefined {
  const path = mainDirective(readTree(conf), 'pid')?.directive.args[0]
  return path === undefined ? undefined : join(path.startsWith('/') ? '/' : prefix, path)
}

/** The tree's own error log, when it is a plain file: there a foreign nginx says why it refuses. */
export function errorLogOf(conf: string): string | undefined {
  const path = mainDirective(readTree(conf), 'error_log')?.directive.args[0]
  return path?.startsWith('/') && !path.startsWith('/dev/') ? path : undefined
}

/** Unix sockets the tree listens on where nobody answers any more: nginx would fail to bind them. */
export async function staleSocketsOf(conf: string): Promise<string[]> {
  const paths = [...everywhere(readTree(conf), 'listen')].flatMap(({ directive }) => {
    const path = /^unix:(\/.+)$/.exec(directive.args[0] ?? '')?.[1]
    return path === undefined ? [] : [path]
  })
  const stale: string[] = []
  for (const path of new Set(paths)) if ((await lookAtSocket(path)) === 'stale') stale.push(path)
  return stale
}
