// npm run bench:keep-alive: what clients that keep their connections lose by a reload, with this machine's nginx and
// with one that has keepalive_min_timeout. Every reload is a real one: an instance of the service is exchanged.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startConsul } from '../support/consul.ts'
import { newerNginx } from '../support/newer-nginx.ts'
import { freePort } from '../support/ports.ts'
import { Instances, unbounded } from '../support/replacements.ts'
import { Traffic } from '../support/traffic.ts'
import { workbench } from '../support/upstreamd.ts'

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '50' },
    pause: { type: 'string', default: '20' }, // ms between two requests on a connection
    reloads: { type: 'string', default: '30' },
  },
})
const [connections, pause, reloads] = [values.connections, values.pause, values.reloads].map(Number) as [
  number,
  number,
  number,
]
/** Long enough for the workers of one reload to be gone before the next. */
const BETWEEN_MS = 1_000

console.log(
  `${reloads} reloads, ${connections} kept connections, each with a request every ${pause} ms; ${cpus()[0]?.model} × ${cpus().length}`,
)
for (const binary of ['nginx', newerNginx()]) if (binary !== undefined) await measure(binary)

async function measure(binary: string): Promise<void> {
  const consul = await startConsul()
  const bench = workbench('keep-alive')
  const instances = new Instances(consul, 'web')
  try {
    await instances.add()
    await instances.add()
    const port = await freePort()
    const to = [`-consul-addr=${consul.address}`, '-tag=calico', '-domain=test', `-listen=127.0.0.1:${port}`]
    const running = bench.start([...to, ...unbounded, `-nginx-bin=${binary}`])
    const { version } = await running.saw('process.started')
    await running.saw('daemon.ready')
    const traffic = new Traffic({ port, hosts: ['web.test'], clients: connections, keepAlive: true, pause })
    for (let reload = 0; reload < reloads; reload += 1) {
      await instances.replace(running)
      await new Promise(resolve => setTimeout(resolve, BETWEEN_MS))
    }
    await traffic.stop()
    const { sent, failures } = traffic
    const share = ((100 * failures.length) / sent).toFixed(3)
    const each = (failures.length / reloads).toFixed(1)
    console.log(`nginx ${version}: ${sent} requests, ${failures.length} lost (${share} %), ${each} by a reload`)
    for (const [what, times] of count(failures.map(({ what }) => what))) console.log(`  ${times} × ${what}`)
  } finally {
    await bench.clear()
    instances.end()
    await consul.stop()
  }
}

function count(words: readonly string[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1)
  return times
}
