// Bundles src/main.ts into dist/upstreamd.js: one file starts in half the time of the tree it came from.
import { readFileSync, renameSync } from 'node:fs'
import { build } from 'esbuild'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

// Renamed into place: whoever starts the program meanwhile runs the old one or the new one.
const building = `dist/upstreamd.${process.pid}.tmp.js`
await build({
  entryPoints: ['src/main.ts'],
  outfile: building,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  legalComments: 'none',
  logLevel: 'warning',
  define: { UPSTREAMD_VERSION: JSON.stringify(version) },
  // CommonJS packages call require for Node's own modules; an ES module has to be given one.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
})
renameSync(building, 'dist/upstreamd.js')
