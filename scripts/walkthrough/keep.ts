import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../test/support/wait.ts'
import { print, printFact, printRow } from './page.ts'
import { answersOf, event, hostOf, idsOf, type Stage } from './stage.ts'

/** Brings the registry back, tells how to play with all of it, and waits until the demo is interrupted. */
export async function keep(stage: Stage): Promise<void> {
  const { registry, instances, signal } = stage
  const from = stage.running.events().length
  await registry.revive()
  const held = await event(stage, 'selection.held', from, 20_000) // the next try after an outage may be some seconds away
  const { text } = await answersOf(stage, 'web', idsOf(stage, 'web'))
  printRow({ title: 'it is back, but empty', seen: text, words: held.msg })

  await registry.register(instances)
  const isReleased = () => JSON.parse(readFileSync(join(stage.state, 'status.json'), 'utf8')).held.length === 0
  await until('nothing is held any more', isReleased, 20_000, signal)
  printAddresses(stage)
  await aborted(signal)
  // Ctrl-C is what it waited for; anything else is a failure.
  if (signal.reason instanceof Error) throw signal.reason
}

function printAddresses({ registry, instances, port, template, state, running }: Stage): void {
  const curl = (service: string) => `curl -i -H 'Host: ${hostOf(service)}' http://127.0.0.1:${port}/`
  print('\n  All of it runs until Ctrl-C. Try, in another terminal:\n')
  printFact('a request', curl('web'))
  // Any instance that answers will do; the new service is then seen to be served by it.
  for (const { title, text } of registry.hints(instances.at(-1)?.port ?? 0)) printFact(title, text)
  printFact('and ask it', curl('hello'))
  printFact('the template', `${template} (watched: save it)`)
  printFact('state', `${state} (status.json)`)
  printFact('log', `${running.logFile} (JSON)`)
  printFact('pid', `${running.pid} (of upstreamd: HUP, USR1, TERM)`)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
