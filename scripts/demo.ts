import { constants } from 'node:os'
import { keep } from './walkthrough/keep.ts'
import { openStage } from './walkthrough/open.ts'
import { print, printFailure, printHeading, printRow, printWords } from './walkthrough/page.ts'
import { lastWords, type Stage } from './walkthrough/stage.ts'
import { type Step, stepsOf, unforeseen } from './walkthrough/steps.ts'

type Closers = (() => Promise<void>)[]

/** Steps → rows → exit code. Whatever happens on the way, what was started is ended. */
async function main(keepsRunning: boolean): Promise<number> {
  const started = performance.now()
  const interrupted = interruption()
  const closers: Closers = []
  let code = 1
  try {
    printHeading()
    const stage = await openStage(closers, interrupted)
    code = (await walkThrough(stage)) ? 0 : 1
    if (keepsRunning) await keep(stage)
  } catch (error) {
    if (!interrupted.aborted) printFailure(error, 'the demo cannot go on')
    code = interrupted.aborted ? exitCodeOf(interrupted.reason) : 1
  }
  if (!(await closeAll(closers))) code = 1
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  print(`\n  Everything that was started has ended, after ${seconds} s.\n`)
  return code
}

/** Did every step show what it should? One that does not keeps no other from being shown. */
async function walkThrough(stage: Stage): Promise<boolean> {
  const steps = stepsOf(stage)
  let shown = 0
  for (const [index, step] of steps.entries()) {
    if (await show(step, index + 1, stage)) shown += 1
  }
  const errors = unforeseen(stage)
  if (errors.length > 0) printFailure(errors.join('\n'), 'upstreamd told of errors that no step caused')
  print(`\n  ${shown} of ${steps.length} steps showed what they should.`)
  return shown === steps.length && errors.length === 0
}

async function show(step: Step, number: number, stage: Stage): Promise<boolean> {
  try {
    for await (const row of step.show(stage))
      printRow({ title: step.title, ...row }, row.title === undefined ? number : undefined)
    return true
  } catch (error) {
    stage.signal.throwIfAborted()
    printFailure(error, step.title, number)
    printWords(lastWords(stage.running))
    return false
  }
}

/** Aborted by Ctrl-C and its like, by a reader of our output who left, and by a bug: each must end what runs. */
function interruption(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(name))
  process.stdout.on('error', () => stop.abort('SIGPIPE'))
  process.on('uncaughtException', error => {
    printFailure(error, 'this is a bug of the demo')
    stop.abort(error)
  })
  return stop.signal
}

/** The last that was opened first. Could all of it be closed? */
async function closeAll(closers: Closers): Promise<boolean> {
  let areClosed = true
  for (const close of closers.toReversed()) {
    try {
      await close()
    } catch (error) {
      areClosed = false
      printFailure(error, 'the end')
    }
  }
  return areClosed
}

/** As a shell tells of a signal: 130 for Ctrl-C. */
function exitCodeOf(reason: unknown): number {
  const signals: Readonly<Record<string, number>> = constants.signals
  const number = typeof reason === 'string' ? signals[reason] : undefined
  return number === undefined ? 1 : 128 + number
}

process.exitCode = await main(process.argv.includes('--keep'))
process.exit()
