import { around, type Directive } from '../directives.ts'
import type { Rule } from '../rule.ts'
import { httpDirectives, type Upstream, upstreamOf } from '../servers.ts'
import type { Skeleton } from '../skeleton.ts'

/** An answer counts as the server's failure only where `proxy_next_upstream` names it; max_fails is 1 by default. */
export const failingAnswers: Rule = {
  name: 'failing-answers',
  *find(file) {
    for (const { directive, upstreams } of passedOn(file, 'http_500')) {
      if (
        upstreams.every(({ servers }) => servers.every(({ args }) => args.some(({ text }) => text === 'max_fails=0')))
      )
        continue
      yield {
        at: directive.start,
        what: 'with http_500 an answer 500 is a failure of the server: a few requests to one URL that fails use up max_fails on every server in turn, and then all URLs of that service answer 502 to everybody until fail_timeout is over',
        mend: 'leave http_500 out (`error timeout` passes over servers that cannot be reached), or give the servers max_fails=0',
      }
    }
  },
}

/** nginx never counts 403 and 404 as failures, but asks one server after the other. */
export const searchedAnswers: Rule = {
  name: 'searched-answers',
  *find(file) {
    for (const { directive, given } of [...passedOn(file, 'http_404'), ...passedOn(file, 'http_403')]) {
      yield {
        at: directive.start,
        what: `with ${given} every answer ${given.slice(-3)} is asked for again at each server of the service: a crawler or a missing picture costs its backends as many requests as there are instances`,
        mend: `leave ${given} out`,
      }
    }
  },
}

interface Passing {
  readonly directive: Directive
  readonly given: string
  readonly upstreams: readonly Upstream[] // with more than one server: nginx has nowhere else to go with one
}

function passedOn(file: Skeleton, given: string): Passing[] {
  return httpDirectives(file, 'proxy_next_upstream')
    .filter(({ args }) => args.some(({ text }) => text === given))
    .map(directive => ({ directive, given, upstreams: upstreamsBelow(file, directive) }))
    .filter(({ upstreams }) => upstreams.length > 0)
}

function upstreamsBelow(file: Skeleton, { parent }: Directive): Upstream[] {
  return httpDirectives(file, 'proxy_pass')
    .filter(pass => parent === undefined || [...around(pass)].includes(parent))
    .flatMap(pass => upstreamOf(file, pass) ?? [])
    .filter(({ hasMany }) => hasMany)
}
