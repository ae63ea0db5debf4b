import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { SystemLog } from '../support/system-log.ts'
import { type Bench, type Running, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let bench: Bench
let services: ServiceFile
let systemLog: SystemLog
let args: string[]

beforeEach(() => {
  bench = workbench('syslog')
  services = serviceFile(bench.folder)
  services.write({ web: [8080] })
  systemLog = new SystemLog(bench.folder)
  const template = join(bench.folder, 'in.njk')
  writeFileSync(template, '{% for site in sites %}{{ site.service }}\n{% endfor %}')
  args = [`-source=${services.source}`, `-template=${template}:${bench.folder}/out`]
})
afterEach(async () => {
  await bench.end()
  await systemLog.stop()
  await bench.clear()
})

const start = (...more: string[]) => bench.start([...args, ...more], systemLog.environment)
const arrives = (text: string | RegExp) =>
  until(`${text} in the system log`, () => systemLog.received().find(line => line.match(text)))

/** What a daemon tells when `service` is there. */
async function change(running: Running, service: string): Promise<void> {
  const from = running.events().length
  services.write({ web: [8080], [service]: [8080] })
  await running.saw('generation.activated', undefined, from)
}

/** What is told in the second after a failure is left out. */
async function arrivesAtLast(running: Running, service: string): Promise<void> {
  let count = 0
  await until(`${service} in the system log`, async () => {
    count += 1
    await change(running, `${service}-${count}`)
    return systemLog.received().some(line => line.includes(`${service}-`))
  })
}

describe('-syslog', () => {
  it('sends what is told, by its severity and for its facility, to the last line', async () => {
    await systemLog.start()
    const running = start('-syslog', '-syslog-facility=LOCAL3', '-syslog-name=proxy')
    await running.saw('daemon.ready')

    // 19 × 8 + 6, and 7 for what only -log-level=debug tells
    expect(await arrives('ready')).toMatch(new RegExp(`^<158>.* proxy\\[${running.pid}\\]: `))
    expect(await arrives('rendered')).toMatch(/^<159>/)
    writeFileSync(join(bench.folder, 'in.njk'), '{% for %}')
    expect(await arrives('in.njk')).toMatch(/^<155>/)
    await running.stop()
    await arrives('SIGTERM')
  })

  it('is off unless it is asked for; a name or a facility asks for it', async () => {
    await systemLog.start()
    await bench.run([...args, '-once'], systemLog.environment)
    await bench.run([...args, '-once', '-syslog=false', '-syslog-name=off'], systemLog.environment)
    await bench.run([...args, '-once', '-syslog-name=named'], systemLog.environment)

    await arrives(/ named\[\d+\]: /)
    expect(systemLog.received().filter(line => / (upstreamd|off)\[/.test(line))).toEqual([])
  })

  it('is written again when it comes back', async () => {
    await systemLog.start()
    const running = start('-syslog')
    await arrives('ready')

    await systemLog.stop()
    await change(running, 'lost')
    await systemLog.start()

    await arrivesAtLast(running, 'back')
  })

  it('that is not there is told once and stops nothing; it is written when it comes', async () => {
    const running = start('-syslog')
    const told = () => running.log().match(/(?<=cannot write to the system log .*\): ).*/g) ?? []
    await until('it is told', () => told().length > 0)
    await change(running, 'one')

    await systemLog.start()

    await arrivesAtLast(running, 'late')
    expect(told()).toEqual([`logger: socket ${systemLog.socket}: No such file or directory`])
  })

  it('without logger(1) is told once and stops nothing', async () => {
    const empty = join(bench.folder, 'empty')
    mkdirSync(empty)
    const running = bench.start([...args, '-syslog'], { PATH: empty })
    await running.saw('daemon.ready')
    await change(running, 'one')

    expect(running.log().match(/(?<=cannot write to the system log .*\): ).*/g)).toEqual([
      'spawn logger ENOENT: is logger(1) of util-linux installed?',
    ])
  })

  it('for a facility that is none ends the start', async () => {
    const { code, stderr } = await bench.run([...args, '-syslog-facility=local9'])

    expect(code).toBe(78)
    expect(stderr).toMatch(/syslog\.facility: "local9" is none of kern, user, .*, local7/)
  })
})
