import { describe, expect, it } from 'vitest'
import { aRuntime, aSelection, aServer, aSite } from '../test/support/builders.ts'
import { investigate, type Scene } from './investigation.ts'
import { generationOf } from './model/generation.ts'
import type { Site } from './model/selection.ts'
import type { Seen } from './render/seen.ts'
import type { Validation } from './target/target.ts'

const seenOf = (...sites: Site[]): Seen => ({ selection: aSelection(sites), services: [] })
const at = (service: string, path: string, port = 80) => aSite(service, [aServer({ port })], { meta: { path } })

/** As nginx does with two equal locations: names the later one. */
const oncePerPath = {
  async judge({
    selection: { sites },
  }: {
    readonly selection: { readonly sites: readonly Site[] }
  }): Promise<Validation> {
    const twice = sites.find(({ meta }, position) =>
      sites.slice(0, position).some(other => other.meta.path === meta.path),
    )
    if (twice === undefined) return { kind: 'valid', warnings: [] }
    return {
      kind: 'invalid',
      diagnostics: [{ severity: 'error', message: 'duplicate location', service: twice.service }],
    }
  },
}

async function outOf(scene: Pick<Scene, 'seen' | 'live'> & Partial<Scene>): Promise<readonly string[] | string> {
  const { runtime } = aRuntime()
  const draw = ({ selection }: Seen) => generationOf([], selection)
  const given = { areTemplatesProven: true, wereOut: new Set<string>(), hasFallback: false, draw, ...scene }
  const verdict = await investigate(given, oncePerPath, { ...runtime, again: () => {}, isStale: () => false })
  return verdict.kind === 'services' ? [...verdict.out.keys()] : verdict.kind
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
