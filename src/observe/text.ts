import { formatDuration } from '../duration.ts'
import { describe } from '../model/diagnostic.ts'
import type { Rejection } from '../model/selection.ts'
import type { Event } from './event.ts'

/** An event in one line for people: what happened, to what, why, and what happens now. */
export function textOf(event: Event): string {
  switch (event.type) {
    case 'daemon.started':
      return `upstreamd ${event.version} started (${event.layout}; state in ${event.state})`
    case 'daemon.ready':
      return `ready after ${formatDuration(event.ms)}`
    case 'daemon.reloading':
      return 'reading configuration and templates again'
    case 'daemon.stopped':
      return `stopped: ${event.reason}`
    case 'config.rejected':
      return `the new configuration is refused, the old one stays: ${event.problem}`
    case 'config.warned':
      return event.problem
    case 'source.snapshot':
      return `${event.source} reports ${count(event.services, 'service')} at index ${event.index}`
    case 'source.partial':
      return `${event.source} does not answer for ${list(event.what, event.names)}: ${event.problem}; keeping what is known there, next try in ${formatDuration(event.retryIn)}`
    case 'source.completed':
      return `${event.source} answers for all ${event.what}s again`
    case 'source.recalled':
      return `going on with what ${event.source} said ${formatDuration(event.age)} ago, in the last run: ${count(event.services, 'service')} from index ${event.index}`
    case 'source.memory_failed':
      return event.problem
    case 'source.index_reset':
      return `${event.source} went back from index ${event.from} to ${event.to}; reading everything again`
    case 'source.lost':
      return `${event.problem}; ${event.kept === undefined ? 'nothing is known yet' : `keeping ${event.kept}`}, next try in ${formatDuration(event.retryIn)}`
    case 'source.recovered':
      return `${event.source} answers again after ${formatDuration(event.after)}`
    case 'lookup.failed':
      return `no answer to ${list('lookup', event.queries)}: ${event.problem}; what is known stays${again(event.retryIn)}`
    case 'lookup.recovered':
      return `all lookups are answered again after ${formatDuration(event.after)}`
    case 'selection.changed':
      return `${count(event.sites, 'site')} with ${count(event.servers, 'server')}, ${event.rejected} rejected`
    case 'selection.rejected':
      return `${subject(event.rejection)}: ${event.rejection.detail} (${event.rejection.reason})`
    case 'selection.accepted':
      return `${subject(event.rejection)}: no longer ${event.rejection.reason}`
    case 'selection.held':
      return `holding ${event.servers} of ${count(event.of, 'server')} that would vanish at once (${event.services.join(', ')}); ${event.until === 'approved' ? 'until some of it is back, or SIGUSR1 approves the loss' : `for ${formatDuration(event.until)}, or until SIGUSR1 approves the loss`}`
    case 'selection.released':
      return `no longer holding ${event.services.join(', ')}`
    case 'template.loaded':
      return `template ${event.path} changed`
    case 'template.failed':
      return `template refused, what is live stays: ${event.message}`
    case 'template.set_aside':
      return `template set aside until it is changed: ${event.paths.join(', ')}: ${event.problem}`
    case 'template.waiting':
      return `${event.destination} waits for ${event.for.join('; ')}`
    case 'template.answered':
      return `${event.destination} has all that it waited for`
    case 'generation.recalled':
      return `serving generation ${short(event.digest)} from the last run (${count(event.sites, 'site')}) until the sources have spoken`
    case 'generation.stood_in':
      return 'nothing is known of any service yet: nginx answers with what it has until a source speaks'
    case 'generation.rendered':
      return `generation ${short(event.digest)}: ${count(event.files, 'file')} rendered in ${formatDuration(event.ms)}`
    case 'generation.validated':
      return `generation ${short(event.digest)} validated in ${formatDuration(event.ms)}${event.warnings.map(warning => `; ${describe(warning)}`).join('')}`
    case 'generation.invalid':
      return `generation ${short(event.digest)} refused, what is live stays: ${event.diagnostics.map(describe).join('; ')}`
    case 'generation.activated':
      return `generation ${short(event.digest)} live after ${formatDuration(event.ms)} (${event.how})${difference(event.added, event.removed)}${event.refused === undefined ? '' : `; newer answers to its templates stay out: ${event.refused}`}`
    case 'generation.rolled_back':
      return `generation ${short(event.digest)} rolled back to ${event.to === undefined ? 'what was before' : short(event.to)}: ${event.problem}${again(event.retryIn)}`
    case 'generation.restored':
      return `somebody changed or removed ${event.paths.join(', ')}: put back as it was (generation ${short(event.digest)}); next look in ${formatDuration(event.pause)}`
    case 'generation.failed':
      return `${event.problem}; what is live stays, next try in ${formatDuration(event.retryIn)}`
    case 'reloads.stretched':
      return `${event.draining} generations before the live one still finish requests; until they are done, nginx is reloaded once in ${formatDuration(event.interval)}, or less often`
    case 'reloads.eased':
      return 'old generations are done; nginx is reloaded as often as usual'
    case 'process.found':
      return `found nginx ${event.version} running as ${event.pid}`
    case 'process.started':
      return `nginx ${event.version} started as ${event.pid}`
    case 'process.cleaned':
      return event.problem
    case 'process.hung':
      return `nginx ${event.pid} hangs: ${event.problem}; ${event.isReplaced ? 'it is ended and started again' : `upstreamd did not start it and leaves it alone: wake it up (kill -CONT ${event.pid}) or restart it`}`
    case 'process.exited':
      return `nginx ${event.pid}: ${event.problem}; starting it in ${formatDuration(event.retryIn)}`
    case 'worker.died':
      return `nginx ${event.pid}: ${event.problem}; ${count(event.deaths, 'worker')} died within a minute`
    case 'worker.recovered':
      return `nginx ${event.pid}: its workers live again`
    case 'process.stopped':
      return `nginx ${event.pid} stopped after ${formatDuration(event.ms)}`
    case 'program.started':
      return `program "${event.command}" started (pid ${event.pid})`
    case 'program.told':
      return `the program was told with ${event.signal} (pid ${event.pid})`
    case 'program.ended':
      return `the program has ended (pid ${event.pid}): ${event.problem}`
    case 'process.left':
      return `nginx ${event.pid} is left running`
  }
}

function subject({ service, instance }: Rejection): string {
  return instance === undefined
    ? `service ${JSON.stringify(service)}`
    : `service ${JSON.stringify(service)}, instance ${JSON.stringify(instance)}`
}

function difference(added: readonly string[], removed: readonly string[]): string {
  const changes = [...added.map(server => `+${server}`), ...removed.map(server => `-${server}`)]
  if (changes.length === 0) return ''
  const more = changes.length > 6 ? `, and ${changes.length - 6} more` : ''
  return `: ${changes.slice(0, 6).join(', ')}${more}`
}

/** `node "a"`, or `nodes "a", "b", "c" and 7 more`. */
function list(noun: string, names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  return `${noun}${names.length === 1 ? '' : 's'} ${names
    .slice(0, 3)
    .map(name => JSON.stringify(name))
    .join(', ')}${more}`
}

function again(retryIn: number | undefined): string {
  return retryIn === undefined ? '' : `; next try in ${formatDuration(retryIn)}`
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}

function short(digest: string): string {
  return digest.slice(0, 8)
}
