// Loaded before the program (node --import, --expose-gc): collects garbage every few seconds, and writes how many
// bytes are still in use to HEAP_FILE. Left to itself V8 lets a busy program grow by a hundred MiB before it collects,
// and what leaks could not be told from that.
import { writeFileSync } from 'node:fs'

const EVERY_MS = 2_000

function tidy() {
  globalThis.gc()
  writeFileSync(process.env.HEAP_FILE, String(process.memoryUsage().heapUsed))
}

if (process.argv[1]?.endsWith('upstreamd.js')) setInterval(tidy, EVERY_MS).unref()
