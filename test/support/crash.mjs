// Loaded before the program (node --import): sends it a signal (SIGKILL, or the one in CRASH_SIGNAL) just before its
// nth step that changes the world: a write, a rename, a link, a signal, a start. What ships has no hook for this.
import childProcess from 'node:child_process'
import fs from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const last = Number(process.env.CRASH_AT)
let steps = 0

function step(name) {
  steps += 1
  if (steps !== last) return
  fs.writeSync(2, `crash: before step ${steps}, ${name}\n`)
  process.kill = kill
  process.kill(process.pid, process.env.CRASH_SIGNAL ?? 'SIGKILL')
}

function wrap(object, name) {
  const original = object[name]
  object[name] = function (...args) {
    step(name)
    return original.apply(this, args)
  }
}

const kill = process.kill.bind(process)
process.kill = (pid, signal) => {
  step(`kill ${signal}`)
  return kill(pid, signal)
}
for (const name of ['rename', 'symlink', 'rm', 'mkdir', 'chmod', 'chown', 'writeFile']) wrap(files, name)
for (const name of ['writeFileSync', 'renameSync', 'rmSync', 'linkSync', 'mkdirSync', 'truncateSync']) wrap(fs, name)
wrap(childProcess, 'spawn')
const open = files.open
files.open = async (path, flags, ...others) => {
  if (flags !== 'r') step(`open ${flags} ${path}`)
  const file = await open(path, flags, ...others)
  for (const name of ['writeFile', 'write', 'sync', 'truncate']) wrap(file, name)
  return file
}
syncBuiltinESMExports()
