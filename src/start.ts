import nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `engines` of package.json, as major.minor. */
declare const NODE_NEEDED: string

const here = dirname(fileURLToPath(import.meta.url))
const [major = 0, minor = 0] = numbersOf(process.versions.node)
const [neededMajor = 0, neededMinor = 0] = numbersOf(NODE_NEEDED)
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  const found = `${process.execPath} is ${process.version}`
  process.stderr.write(`upstreamd needs Node ${NODE_NEEDED} or newer; ${found}. Nothing was started.\n`)
  process.exit(78) // EX_CONFIG of sysexits(3)
}

// What V8 made of the program is kept beside it: to read three megabytes of source anew takes a quarter of the time in
// which it is up (measured: 165 ms until -version has answered, 121 with this). Where nothing can be written nothing is kept.
nodeModule.enableCompileCache(join(here, 'compiled'))
await import(join(here, 'program.js'))

function numbersOf(version: string): number[] {
  return version.split('.').map(Number)
}
