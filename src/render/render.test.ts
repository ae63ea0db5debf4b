import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { aSeen, aSelection, aServer, aSite, aView } from '../../test/support/builders.ts'
import { shipped } from '../shipped.ts'
import { languageOf } from './registry.ts'
import { needsServices, render } from './render.ts'
import type { View } from './view.ts'

const compile = (text: string, path = '/etc/app.njk') => languageOf(path).compile({ path, text })

describe('rendering', () => {
  it('gives one file for every template, and a digest that stands for all of them', () => {
    const outputs = [
      { template: compile('a {{ domain }}'), destination: '/etc/a.conf' },
      { template: compile('b'), destination: '/etc/b.conf' },
    ]
    const selection = aSelection([])

    const { generation } = render(outputs, aView(), aSeen(selection))

    expect(generation.files).toEqual([
      { path: '/etc/a.conf', text: 'a flyclock.cn', pieces: [{ text: 'a flyclock.cn', spans: [] }] },
      { path: '/etc/b.conf', text: 'b', pieces: [{ text: 'b', spans: [] }] },
    ])
    expect(generation.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(generation.selection).toBe(selection)
  })

  it('needs all services as soon as one template looks at them', () => {
    const narrow = { template: compile('{{ sites.length }}'), destination: '/a' }
    const wide = { template: compile('{{ service("db").length }}'), destination: '/b' }

    expect([needsServices([narrow]), needsServices([narrow, wide])]).toEqual([false, true])
  })

  it.each([
    { path: '/etc/app.njk', name: 'nunjucks' },
    { path: '/etc/ctmpl/ctmpl', name: 'gotmpl' }, // as consul-template takes anything
    { path: '/etc/app.conf', name: 'gotmpl' },
    { path: '/etc/app.conf', given: 'nunjucks', name: 'nunjucks' },
    { path: '/etc/app.njk', given: 'gotmpl', name: 'gotmpl' },
  ])('takes $path as $name when it is told $given', ({ path, given, name }) => {
    expect(languageOf(path, given).name).toBe(name)
  })
})

/** Lines of a rendered file, without indentation, comments and empty ones. */
function linesOf(path: string, view: View): string[] {
  const text = compile(readFileSync(shipped(path), 'utf8'), shipped(path)).render(view).text
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}

describe('the ingress template as it is shipped', () => {
  const ingress = (view: View) => linesOf('ctmpl/ingress.conf.njk', view)
  const web = aSite('web', [aServer({ weight: 5 }), aServer({ address: 'fd00::5', port: 80, backup: true })], {
    serverNames: ['web.flyclock.cn', 'shop.org'],
  })

  it('writes an upstream with every server, its weight and whether it is a backup', () => {
    const lines = ingress(aView([web]))

    expect(lines).toContain('upstream web {')
    expect(lines).toContain('server 10.0.0.1:8080 weight=5;')
    expect(lines).toContain('server [fd00::5]:80 weight=1 backup;')
  })

  it('writes a server block that passes to it, under all its names', () => {
    const lines = ingress(aView([web], { listen: '127.0.0.1:8080' }))

    expect(lines).toContain('listen 127.0.0.1:8080;')
    expect(lines).toContain('server_name web.flyclock.cn shop.org;')
    expect(lines).toContain('proxy_pass http://web;')
  })

  it('lets WebSockets through, over HTTP 1.1', () => {
    const lines = ingress(aView([web]))

    expect(lines).toContain('proxy_http_version 1.1;')
    expect(lines).toContain('proxy_set_header Upgrade $http_upgrade;')
  })

  it('says how to pass on once for all where nothing else is in the configuration, and in each block elsewhere', () => {
    const proxying = (lines: readonly string[]) =>
      lines.filter(line => /^(proxy_(?!pass)|client_max)/.test(line)).sort()
    const sites = [web, aSite('api', 1)]
    const each = proxying(ingress(aView([web])))

    expect(each.length).toBeGreaterThan(10)
    expect(proxying(ingress(aView(sites)))).toEqual([...each, ...each].sort())
    expect(proxying(ingress(aView(sites, { nginx: { isShipped: true } })))).toEqual(
      each.filter(line => !line.startsWith('client_max')), // nginx.conf has it
    )
  })

  it('does not try another backend because of an answer: a 404 or 500 is an answer', () => {
    expect(ingress(aView([web]))).toContain('proxy_next_upstream error timeout;')
  })

  it('answers 404 for a host nobody registered', () => {
    const lines = ingress(aView([web]))

    expect(lines).toContain('listen 80 default_server;')
    expect(lines.find(line => line.startsWith('return 404'))).toBeDefined()
  })

  it('leaves the default server to a tree that has one', () => {
    const lines = ingress(aView([web], { nginx: { ownsDefaultServer: false } }))

    expect(lines.join('\n')).not.toContain('default_server')
  })

  it('answers 503 with Retry-After for a service without servers', () => {
    const view: View = { ...aView([]), unavailable: [{ service: 'sick', serverNames: ['sick.flyclock.cn'] }] }

    const lines = ingress(view)

    expect(lines).toContain('server_name sick.flyclock.cn;')
    expect(lines).toContain('add_header Retry-After 5 always;')
    expect(lines.find(line => line.startsWith('return 503'))).toBeDefined()
    expect(lines.filter(line => line.startsWith('upstream '))).toEqual([])
  })

  it('has as many braces that open as close, however many sites there are', () => {
    for (const count of [0, 1, 20]) {
      const text = ingress(aView(Array.from({ length: count }, (_, n) => aSite(`s${n}`, 2)))).join('\n')

      expect(text.split('{').length).toBe(text.split('}').length)
    }
  })

  it('does not ask for more than the selection', () => {
    const text = readFileSync(shipped('ctmpl/ingress.conf.njk'), 'utf8')

    expect(needsServices([{ template: compile(text), destination: '/x' }])).toBe(false)
  })
})

describe('the root configuration as it is shipped', () => {
  const frame = (view: View) => linesOf('nginx/nginx.conf.njk', view)

  it('includes by relative paths, so that a staged copy tests itself and not the live files', () => {
    const includes = frame(aView()).filter(line => line.startsWith('include'))

    expect(includes).toEqual(['include control.conf;', 'include conf.d/*.conf;'])
  })

  it('makes room for the longest server name', () => {
    const lines = frame(aView([aSite('web', 1, { serverNames: ['a'.repeat(100)] })]))

    expect(lines).toContain('server_names_hash_bucket_size 128;')
    expect(lines).toContain('server_names_hash_max_size 512;')
  })

  it('ends old workers after 30 seconds', () => {
    expect(frame(aView())).toContain('worker_shutdown_timeout 30s;')
  })

  it('says keepalive_min_timeout only to an nginx that knows it', () => {
    expect(frame(aView())).not.toContain('keepalive_min_timeout 3s;')
    expect(frame(aView([], { nginx: { hasKeepaliveMinTimeout: true } }))).toContain('keepalive_min_timeout 3s;')
  })

  it('without root, keeps temporary files out of folders that belong to root', () => {
    expect(frame(aView([], { nginx: { isRoot: false } }))).toContain('proxy_temp_path temp-proxy;')
    expect(frame(aView()).join('\n')).not.toContain('temp_path')
  })
})
