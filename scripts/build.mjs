// Bundles src/ into dist/: one file starts in half the time of the tree it came from, and a small one before it has
// V8 keep what it made of that file.
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const { version, engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

await bundle('src/main.ts', 'dist/program.js')
await bundle('src/start.ts', 'dist/upstreamd.js')
rmSync('dist/compiled', { recursive: true, force: true })
execFileSync(process.execPath, ['dist/upstreamd.js', '-version'], { stdio: 'ignore' })

async function bundle(entry, path) {
  // Renamed into place: whoever starts the program meanwhile runs the old one or the new one.
  const building = `${path}.${process.pid}.tmp.js`
  await build({
    entryPoints: [entry],
    outfile: building,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      UPSTREAMD_VERSION: JSON.stringify(version),
      NODE_NEEDED: JSON.stringify(engines.node.replace('>=', '')),
    },
    // CommonJS packages call require for Node's own modules; an ES module has to be given one.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  renameSync(building, path)
}
