// Bundles src/main.ts into dist/upstreamd.js: one file starts in half the time of the tree it came from.
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/upstreamd.js',
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
