import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** The imports of every shipped file: paths relative to `root` for our own, names for packages. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

export function importGraph(root: string): ImportGraph {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.d.ts'),
  )
  return new Map(files.map(path => [path, importsOf(root, path, readFileSync(join(root, path), 'utf8'))]))
}

/** `import … from 'x'`, `export … from 'x'` and `import 'x'`; ours are given back relative to `root`. */
export function importsOf(root: string, path: string, text: string): string[] {
  const found = [...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'/gms)]
  return found.map(match => {
    const name = match[1] ?? match[2] ?? ''
    return name.startsWith('.') ? relative(root, join(root, dirname(path), name)) : name
  })
}

/** Every way from a file back to itself, each once. */
export function cyclesOf(graph: ImportGraph): string[] {
  const cycles = new Set<string>()
  const done = new Set<string>()
  function visit(path: string, trail: readonly string[]): void {
    const at = trail.indexOf(path)
    if (at !== -1) {
      cycles.add([...trail.slice(at), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return [...cycles]
}

/** The layers, lowest first; a file belongs to the first pattern that fits. */
export const layers: readonly (readonly RegExp[])[] = [
  [/^model\//],
  [/^config\//, /^(errors|duration|environment|owner|yaml|shipped|proc|disk|watch-files|observe\/event|runtime)\.ts$/],
  [/^observe\//],
  [/^(registry|keep-last|catalog|quiescence|memory|last-snapshot|state-lock|status-file)\.ts$/],
  [
    /^select\//,
    /^render\/(language|view|render|seen|queries|asking)\.ts$/,
    /^source\/(source|lookup|wakeup|backoff)\.ts$/,
    /^target\/[\w-]+\.ts$/,
  ],
  [
    /^source\/follow\.ts$/,
    /^source\/\w+\//,
    /^target\/\w+\//,
    /^render\/\w+\//,
    /^(lookups|lookup-troubles|resolver|exec)\.ts$/,
    /^delivery\/(apply|announce|retries|chooser|culprits|quarantine|reload-budget)\.ts$/,
  ],
  [/^(source|target|render)\/registry\.ts$/],
  [/^render\/templates\.ts$/, /^lint\//, /^config\.ts$/],
  [/^delivery\/drawing\.ts$/],
  [/^delivery\/(ahead|attempt|investigation|demand|inquiry|outlook)\.ts$/],
  [/^delivery\/delivery\.ts$/, /^(entries|layout-choice|plan)\.ts$/],
  [/^daemon\.ts$/],
  [/^command\//],
  [/^(main|start)\.ts$/],
]

/** Imports that climb, or that join two implementations of one seam. */
export function breaksOf(graph: ImportGraph): string[] {
  const breaks: string[] = []
  for (const [path, imports] of graph) {
    for (const imported of imports.filter(name => graph.has(name))) {
      if (layerOf(imported) > layerOf(path)) breaks.push(`${path} reaches up to ${imported}`)
      const [mine, theirs] = [moduleOf(path), moduleOf(imported)]
      if (mine !== undefined && theirs !== undefined && mine !== theirs && sameSeam(mine, theirs)) {
        breaks.push(`${path} reaches over to ${imported}`)
      }
    }
  }
  return breaks
}

export function layerOf(path: string): number {
  // A seam's registry fits the pattern of the seam's folder, too; it stands above it.
  const isRegistry = /^(source|target|render)\/registry\.ts$/.test(path)
  return layers.findIndex((patterns, index) =>
    isRegistry ? index === 6 : patterns.some(pattern => pattern.test(path)),
  )
}

function moduleOf(path: string): string | undefined {
  return /^((?:source|target|render)\/\w+)\//.exec(path)?.[1]
}

function sameSeam(a: string, b: string): boolean {
  return dirname(a) === dirname(b)
}
