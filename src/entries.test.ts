import { describe, expect, it } from 'vitest'
import { buildConfig } from './config.ts'
import { entriesOf, waitOf } from './entries.ts'

const entries = (...template: readonly object[]) =>
  entriesOf(buildConfig([{ template: template.map(block => ({ source: '/a', destination: '/b', ...block })) }]))

describe('how long templates for one nginx wait', () => {
  const usual = { min: 25, max: 250 }

  it.each([
    { title: 'as long as everybody', templates: [{}, {}], wait: usual },
    { title: 'as the one that asks', templates: [{ wait: '1s' }, {}], wait: { min: 1_000, max: 4_000 } },
    {
      title: 'as the most patient',
      templates: [{ wait: '1s:9s' }, { wait: '2s:3s' }],
      wait: { min: 2_000, max: 9_000 },
    },
    {
      title: 'not at all for one that is switched off',
      templates: [{ wait: { min: '1s', bool: false } }],
      wait: usual,
    },
  ])('$title', ({ templates, wait }) => {
    expect(waitOf(entries(...templates), usual)).toEqual(wait)
  })
})

describe('how a destination is to lie on the disk', () => {
  it.each([
    { block: {}, rights: { backup: false, create_folders: true } },
    { block: { perms: '0640' }, rights: { mode: 0o640 } },
    { block: { perms: 0o640 }, rights: { mode: 0o640 } },
    { block: { perms: 0 }, rights: { mode: undefined } },
    { block: { user: 'root', group: '7' }, rights: { uid: 0, gid: 7 } },
    { block: { uid: 5, gid: 6 }, rights: { uid: 5, gid: 6 } },
  ])('$block', ({ block, rights }) => {
    expect(entries(block)[0]?.rights).toMatchObject(rights)
  })
})
