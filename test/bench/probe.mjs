// Loaded before the program (NODE_OPTIONS=--import): what only the process itself can tell. PROBE_LOOP gets a line
// with the longest delay of the event loop several times a second, PROBE_REQUESTS one for every request to Consul.
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const EVERY_MS = 200
/** What is measured is at most so much too long. */
const RESOLUTION_MS = 5

const { PROBE_LOOP, PROBE_REQUESTS } = process.env

if (process.argv[1]?.endsWith('upstreamd.js')) {
  let isFirst = true
  subscribe('http.client.request.start', ({ request }) => {
    if (!request.path.startsWith('/v1/')) return
    // From the first question on: loading the program blocks, too, but nothing waits for it.
    if (isFirst && PROBE_LOOP !== undefined) watchLoop(PROBE_LOOP)
    isFirst = false
    if (PROBE_REQUESTS !== undefined) appendFileSync(PROBE_REQUESTS, `${Date.now()} ${request.path}\n`)
  })
}

function watchLoop(path) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  setInterval(() => {
    appendFileSync(path, `${Date.now()} ${(delay.max / 1e6).toFixed(1)}\n`)
    delay.reset()
  }, EVERY_MS).unref()
}
