import { describe, expect, it } from 'vitest'
import { aRuntime, aSeen, aSelection, aServer, aSite } from '../../test/support/builders.ts'
import { generationOf } from '../model/generation.ts'
import type { Site } from '../model/selection.ts'
import type { Seen } from '../render/seen.ts'
import type { Validation } from '../target/target.ts'
import { investigate, type Scene } from './investigation.ts'

const seenOf = (...sites: Site[]): Seen => aSeen(aSelection(sites))
const at = (service: string, path: string, port = 80) => aSite(service, [aServer({ port })], { meta: { path } })

/** Refuses the path `bad`; and as nginx does, two that are equal, naming the later one. */
const pathsOnce = {
  async judge({
    selection: { sites },
  }: {
    readonly selection: { readonly sites: readonly Site[] }
  }): Promise<Validation> {
    const bad = sites.find(
      ({ meta }, position) =>
        meta.path === 'bad' || sites.slice(0, position).some(other => other.meta.path === meta.path),
    )
    if (bad === undefined) return { kind: 'valid', warnings: [] }
    return {
      kind: 'invalid',
      diagnostics: [{ severity: 'error', message: 'bad location', service: bad.service }],
    }
  },
}

async function outOf(scene: Pick<Scene, 'seen' | 'live'> & Partial<Scene>): Promise<readonly string[] | string> {
  const { runtime } = aRuntime()
  const draw = ({ selection }: Seen) => generationOf([], selection)
  const given = { areTemplatesProven: true, wereOut: new Set<string>(), hasFallback: false, draw, ...scene }
  const verdict = await investigate(given, pathsOnce, { ...runtime, again: () => {}, isStale: () => false })
  return verdict.kind === 'services' ? [...verdict.out.keys()].sort() : verdict.kind
}

describe('of two that clash', () => {
  const web = at('web', '/web')

  it('the one that came stays out, when nothing else changed', async () => {
    expect(await outOf({ seen: seenOf(at('a', '/web'), web), live: seenOf(web) })).toEqual(['a'])
  })

  it('the one that came stays out, also when the other is deployed at the same time', async () => {
    expect(await outOf({ seen: seenOf(at('a', '/web'), at('web', '/web', 81)), live: seenOf(web) })).toEqual(['a'])
  })

  it('the one that was out stays out, also when he is live as he was and the other is deployed', async () => {
    const seen = seenOf(at('a', '/web'), at('web', '/web', 81))

    expect(await outOf({ seen, live: seenOf(at('a', '/a'), web), wereOut: new Set(['a']) })).toEqual(['a'])
  })
})

it('a new template is not condemned by newcomers, however many of them are refused', async () => {
  const live = seenOf(at('web', '/web'))
  const bad = ['a', 'b', 'x', 'y', 'z'].map(name => at(name, 'bad'))
  const seen = seenOf(...bad, ...live.selection.sites)

  expect(await outOf({ seen, live, areTemplatesProven: false, hasFallback: true })).toEqual(['a', 'b', 'x', 'y', 'z'])
})
