import { readFileSync, writeFileSync } from 'node:fs'
import type { EventType } from '../../src/observe/event.ts'
import { get } from '../../test/support/http.ts'
import { nginxOf } from '../../test/support/upstreamd.ts'
import { until } from '../../test/support/wait.ts'
import type { Row } from './page.ts'
import type { Health } from './registry.ts'
import { answersOf, ask, event, hostOf, idsOf, PATIENCE_MS, type Seen, type Stage } from './stage.ts'

/** Does something to what runs, and shows what nginx answers then. Throws what is not as it should be. */
export interface Step {
  readonly title: string
  show(stage: Stage): AsyncGenerator<Row>
}

/** Errors upstreamd told of that no step has caused. */
export function unforeseen({ running }: Stage): string[] {
  const caused: readonly EventType[] = ['template.failed', 'template.set_aside']
  return running.events().flatMap(({ level, type, msg }) => (level >= 50 && !caused.includes(type) ? [msg] : []))
}

export function stepsOf({ registry }: Stage): Step[] {
  return [
    { title: 'round robin over instances', show: roundRobin },
    { title: 'a new service appears', show: newService },
    { title: registry.words.fails, show: failingCheck },
    { title: 'a service is deregistered', show: deregistered },
    { title: 'a broken template is refused', show: brokenTemplate },
    { title: 'nginx is killed', show: killedNginx },
    { title: registry.words.dies, show: killedRegistry },
  ]
}

async function* roundRobin(stage: Stage): AsyncGenerator<Row> {
  const { text } = await answersOf(stage, 'web', idsOf(stage, 'web'))
  yield { seen: text }
}

async function* newService(stage: Stage): AsyncGenerator<Row> {
  const { service, id } = stage.newcomer
  const [before] = await ask(stage, service, 1)
  if (before !== '404') throw new Error(`${hostOf(service)} → ${before} before it is registered; expected 404`)

  const since = performance.now()
  await stage.registry.register([stage.newcomer])
  const answers = async () => (await ask(stage, service, 1))[0] === id
  await until(`${hostOf(service)} → ${id}`, answers, PATIENCE_MS, stage.signal)
  yield { ms: performance.now() - since, seen: `${hostOf(service)} → ${before}, registered: ${id}` }
}

async function* failingCheck(stage: Stage): AsyncGenerator<Row> {
  async function mark(health: Health, expected: readonly string[]): Promise<Seen> {
    const from = stage.running.events().length
    const since = performance.now()
    await stage.registry.setHealth('web-2', health)
    // Workers of earlier generations answer for another moment, and theirs may be what is expected.
    await event(stage, 'generation.activated', from)
    return answersOf(stage, 'web', expected, since)
  }
  const out = await mark('critical', ['web-1', 'web-3'])
  const back = await mark('passing', ['web-1', 'web-2', 'web-3'])
  yield { ms: out.ms, seen: `${out.text}, back in ${Math.round(back.ms)} ms` }
}

async function* deregistered(stage: Stage): AsyncGenerator<Row> {
  const { service, id } = stage.newcomer
  const since = performance.now()
  await stage.registry.deregister(id)
  const { ms, text } = await answersOf(stage, service, ['404'], since)
  yield { ms, seen: text }
}

/** Somebody adds a header, and mistypes `service`; then mends it. */
async function* brokenTemplate(stage: Stage): AsyncGenerator<Row> {
  const good = readFileSync(stage.template, 'utf8')
  const withHeader = (value: string) => good.replace(/^( *)proxy_pass .*$/m, `$&\n$1add_header X-Service ${value};`)
  if (withHeader('') === good) throw new Error(`${stage.template} has no proxy_pass to put a header beside`)

  const from = stage.running.events().length
  const since = performance.now()
  writeFileSync(stage.template, withHeader('{{ site.servcie }}'))
  const refused = await event(stage, 'template.failed', from)
  const ms = performance.now() - since
  if (!/njk:\d+:\d+: /.test(refused.msg)) throw new Error(`no path:line:column in "${refused.msg}"`)
  const { text } = await answersOf(stage, 'web', idsOf(stage, 'web'))
  yield { ms, seen: text, words: refused.msg }

  const events = stage.running.events().length
  const mended = performance.now()
  writeFileSync(stage.template, withHeader('{{ site.service }}'))
  await event(stage, 'generation.activated', events)
  const header = async () => (await get(stage.port, hostOf('web'))).headers['x-service'] === 'web'
  await until('the header of the mended template', header, PATIENCE_MS, stage.signal)
  yield { title: '… mended, live by itself', ms: performance.now() - mended, seen: `${hostOf('web')} → X-Service: web` }
}

async function* killedNginx(stage: Stage): AsyncGenerator<Row> {
  const master = () => nginxOf(stage.folder).find(({ command }) => command.startsWith('nginx: master'))?.pid
  const killed = master()
  if (killed === undefined) throw new Error('there is no nginx to kill')

  const since = performance.now()
  process.kill(killed, 'SIGKILL')
  const pid = await until('a new nginx master', () => master() !== killed && master(), PATIENCE_MS, stage.signal)
  const { ms, text } = await answersOf(stage, 'web', idsOf(stage, 'web'), since)
  yield { ms, seen: text, words: `SIGKILL to master process ${killed}; upstreamd started it again as ${pid}` }
}

async function* killedRegistry(stage: Stage): AsyncGenerator<Row> {
  const from = stage.running.events().length
  await stage.registry.kill()
  const lost = await event(stage, 'source.lost', from)
  const routes: string[] = []
  for (const service of ['web', 'api', 'docs']) {
    await answersOf(stage, service, idsOf(stage, service))
    routes.push(`${service} → ${idsOf(stage, service).join(' ')}`)
  }
  yield { seen: routes.join(', '), words: lost.msg }
}
