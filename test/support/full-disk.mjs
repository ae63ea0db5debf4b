// Loaded before the program (node --import): while the file named by FULL_DISK holds a number, that many steps
// that need room on the disk succeed, and the next one fails as on a full disk. Then the file is gone.
// What ships has no hook for this.
import fs from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const control = process.env.FULL_DISK
const { readFileSync, rmSync, writeFileSync, writeSync } = fs

/** Throws where there is no room. */
function step(name) {
  let left
  try {
    left = Number(readFileSync(control, 'utf8'))
  } catch {
    return // not armed
  }
  if (left > 0) return writeFileSync(control, String(left - 1))
  rmSync(control)
  writeSync(2, `full disk: ${name}\n`)
  throw Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), {
    code: 'ENOSPC',
    errno: -28,
    syscall: name,
  })
}

function wrap(object, name) {
  const original = object[name]
  object[name] = function (...args) {
    step(name)
    return original.apply(this, args)
  }
}

for (const name of ['writeFileSync', 'renameSync', 'linkSync', 'symlinkSync', 'mkdirSync']) wrap(fs, name)
for (const name of ['rename', 'symlink', 'mkdir', 'writeFile']) {
  const original = files[name]
  files[name] = async (...args) => {
    step(name)
    return original(...args)
  }
}
const open = files.open
files.open = async (path, flags, ...others) => {
  if (flags !== 'r' && flags !== undefined) step(`open ${path}`)
  const file = await open(path, flags, ...others)
  const { writeFile, sync, write } = file
  file.writeFile = async given => {
    const text = typeof given === 'string' ? given : [...given].join('') // what is large comes piece by piece
    await writeFile.call(file, text.slice(0, text.length / 2)) // a full disk takes a part of it
    step(`write ${path}`)
    return writeFile.call(file, text.slice(text.length / 2))
  }
  file.write = async (...args) => {
    step(`write ${path}`)
    return write.apply(file, args)
  }
  file.sync = async () => {
    step(`fsync ${path}`)
    return sync.call(file)
  }
  return file
}
syncBuiltinESMExports()
