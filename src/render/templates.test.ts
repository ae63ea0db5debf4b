import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aRuntime } from '../../test/support/builders.ts'
import { until } from '../../test/support/wait.ts'
import type { Output } from './render.ts'
import { loadTemplates, type Templates } from './templates.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-templates-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = (name: string) => join(folder, name)
const write = (name: string, text: string) => writeFileSync(path(name), text)
const texts = (outputs: readonly Output[] | undefined) => outputs?.map(({ template }) => template.source.text)

function load(remembered: Readonly<Record<string, string>> = {}, names = ['a.njk']) {
  const { runtime, events, abort } = aRuntime()
  const specs = names.map(name => ({ path: path(name), destination: `/etc/${name}.conf` }))
  return { templates: loadTemplates(specs, remembered, runtime.emit), events, runtime, abort }
}

describe('at the start', () => {
  it('what is on the disk is used', () => {
    write('a.njk', 'one')

    const { templates, events } = load()

    expect(templates.outputs()).toMatchObject([{ destination: '/etc/a.njk.conf' }])
    expect(texts(templates.outputs())).toEqual(['one'])
    expect(events).toEqual([])
  })

  it('a broken template is an error with its place', () => {
    write('a.njk', '{% if %}')

    expect(() => load()).toThrow(`${path('a.njk')}:1:7: unexpected token`)
  })

  it('a missing one is an error with its name', () => {
    expect(() => load()).toThrow(`cannot read template ${path('a.njk')}`)
  })

  it('a broken one that was good in the last life is replaced by what was good, and that is said', () => {
    write('a.njk', '{% if %}')

    const { templates, events } = load({ [path('a.njk')]: 'good' })

    expect(texts(templates.outputs())).toEqual(['good'])
    expect(events).toMatchObject([{ type: 'template.failed', code: 'TEMPLATE_SYNTAX', path: path('a.njk') }])
  })

  it('what an older version has kept and this one does not understand is forgotten', () => {
    write('a.njk', 'one')

    const { templates } = load({ [path('a.njk')]: '{% if %}' })

    expect(templates.accepted()).toBeUndefined()
    expect(texts(templates.outputs())).toEqual(['one'])
  })
})

describe('a template that changes', () => {
  function changed(templates: Templates, text: string) {
    write('a.njk', text)
    templates.reload()
  }

  it('is used, and that is said', () => {
    write('a.njk', 'one')
    const { templates, events } = load()

    changed(templates, 'two')

    expect(texts(templates.outputs())).toEqual(['two'])
    expect(events).toEqual([{ type: 'template.loaded', path: path('a.njk') }])
  })

  it('and cannot be compiled changes nothing, and that is said', () => {
    write('a.njk', 'one')
    const { templates, events } = load()

    changed(templates, '{{ broken')

    expect(texts(templates.outputs())).toEqual(['one'])
    expect(events).toMatchObject([{ type: 'template.failed', message: expect.stringContaining(path('a.njk')) }])
  })

  it('and is gone changes nothing, and that is said', () => {
    write('a.njk', 'one')
    const { templates, events } = load()

    rmSync(path('a.njk'))
    templates.reload()

    expect(texts(templates.outputs())).toEqual(['one'])
    expect(events).toMatchObject([{ type: 'template.failed', code: 'TEMPLATE_UNREADABLE' }])
  })

  it('is read without being told', async () => {
    write('a.njk', 'one')
    const { templates, abort, runtime } = load()
    let told = 0
    templates.watch(() => {
      told += 1
    }, runtime.signal)

    write('a.njk', 'two')

    try {
      await until('the change is told', () => told > 0, 4_000)
      expect(texts(templates.outputs())).toEqual(['two'])
    } finally {
      abort()
    }
  })
})

describe('a template that nginx refuses', () => {
  it('is set aside for the one that was accepted last, until its file changes', () => {
    write('a.njk', 'good')
    const { templates, events } = load()
    templates.accept(templates.outputs())
    write('a.njk', 'bad')
    templates.reload()
    expect(texts(templates.accepted())).toEqual(['good'])

    templates.setAside(templates.outputs(), 'unknown directive "bad"')
    expect(texts(templates.outputs())).toEqual(['good'])
    expect(events.at(-1)).toEqual({
      type: 'template.set_aside',
      paths: [path('a.njk')],
      problem: 'unknown directive "bad"',
    })

    write('a.njk', 'mended')
    templates.reload()
    expect(texts(templates.outputs())).toEqual(['mended'])
  })

  it('with nothing accepted before, there is nothing to go back to', () => {
    write('a.njk', 'bad')

    expect(load().templates.accepted()).toBeUndefined()
  })

  it('the one of the last life is something to go back to', () => {
    write('a.njk', 'bad')

    const { templates } = load({ [path('a.njk')]: 'good' })

    expect(texts(templates.accepted())).toEqual(['good'])
  })

  it('only the refused one of two is named', () => {
    write('a.njk', 'a')
    write('b.njk', 'b')
    const { templates, events } = load({}, ['a.njk', 'b.njk'])
    templates.accept(templates.outputs())
    write('b.njk', 'bad')
    templates.reload()

    templates.setAside(templates.outputs(), 'refused')

    expect(events.at(-1)).toMatchObject({ type: 'template.set_aside', paths: [path('b.njk')] })
    expect(texts(templates.outputs())).toEqual(['a', 'b'])
  })

  it('once accepted, there is nothing older to go back to', () => {
    write('a.njk', 'good')
    const { templates } = load()

    templates.accept(templates.outputs())

    expect(templates.accepted()).toBeUndefined()
    expect(templates.texts()).toEqual({ [path('a.njk')]: 'good' })
  })

  it('nothing is kept of a template that never was accepted', () => {
    write('a.njk', 'new')

    expect(load().templates.texts()).toEqual({})
  })
})
