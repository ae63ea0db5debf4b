import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

// All that is compared with Go and with consul-template on generated questions: `npm run oracle -- [how many] [seed]`.

const hasGo = spawnSync('go', ['version']).status === 0
const oracles = [
  { path: 'gotmpl/run.ts', what: 'the template engine', needsGo: true },
  { path: 'functions/fuzz.ts', what: 'the functions', needsGo: true },
  { path: 'templates/run.ts', what: 'whole templates', needsGo: false },
]
for (const { path, what, needsGo } of oracles) {
  console.log(`${what} (test/oracle/${path})`)
  if (needsGo && !hasGo) {
    console.log('skipped: there is no Go on this machine to compare with')
    continue
  }
  const args = [join(import.meta.dirname, path), ...process.argv.slice(2)]
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) process.exitCode = 1
}
