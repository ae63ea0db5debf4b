import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RealConsul, startConsul } from '../support/consul.ts'
import { type Backend, get, startBackend } from '../support/http.ts'
import { makeTree, type NginxTree } from '../support/nginx-tree.ts'
import { freePort } from '../support/ports.ts'
import { type Bench, type Running, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let bench: Bench
let consul: RealConsul
let backend: Backend

beforeEach(async () => {
  bench = workbench('lookups')
  consul = await startConsul()
  backend = await startBackend('one')
})
afterEach(async () => {
  await bench.clear()
  await consul.stop()
  await backend.close()
})

const keyAt = (key: string) => `http://${consul.address}/v1/kv/${key}`
const set = (key: string, body: string) => fetch(keyAt(key), { method: 'PUT', body })
const unset = (key: string) => fetch(keyAt(key), { method: 'DELETE' })
const register = (Name: string, Port = backend.port) => consul.register({ Name, Address: '127.0.0.1', Port })
const template = (name: string, text: string) => {
  const path = join(bench.folder, name)
  writeFileSync(path, text)
  return path
}
const start = (...args: readonly string[]) => bench.start([`-consul-addr=${consul.address}`, ...args])
const text = (path: string) => until(path, () => readFileSync(path, 'utf8'))
const becomes = (path: string, wanted: string) =>
  until(`${path} holds ${wanted}`, () => readFileSync(path, 'utf8') === wanted)

describe('a plain file', () => {
  it('waits for a key, follows it, and stays when the key goes', async () => {
    const out = join(bench.folder, 'out')
    const upstreamd = start(`-template=${template('a.ctmpl', '{{ key "a/b" }}')}:${out}`)

    const { for: waitsFor } = await upstreamd.saw('template.waiting')
    expect(waitsFor).toEqual(['kv.block(a/b), which does not exist'])
    expect(statusOf().waiting).toEqual({ [out]: waitsFor })

    await set('a/b', 'one')
    await becomes(out, 'one')
    await set('a/b', 'two')
    await becomes(out, 'two')
    expect(statusOf().waiting).toEqual({})

    const before = upstreamd.events().length
    await unset('a/b')
    await upstreamd.saw('template.waiting', () => true, before)
    expect(await text(out)).toBe('two')
  })

  it('is written again when a file that it shows changes, and is not when something else does', async () => {
    const out = join(bench.folder, 'out')
    const shown = template('shown', 'one')
    await register('web')
    const upstreamd = start(
      `-template=${template('a.ctmpl', `{{ file "${shown}" }} {{ len (service "web") }}`)}:${out}`,
    )
    await becomes(out, 'one 1')

    writeFileSync(shown, 'two')
    await becomes(out, 'two 1')
    await register('other')
    await register('web-2')
    writeFileSync(shown, 'three')
    await becomes(out, 'three 1')

    const activated = () => upstreamd.events().filter(({ type }) => type === 'generation.activated')
    await until('all are told', () => activated().length >= 3)
    expect(activated()).toHaveLength(3)
  })

  it('is asked for by another template, too, and no more when neither asks', async () => {
    const [one, other] = [join(bench.folder, 'one'), join(bench.folder, 'other')]
    await set('x', 'shared')
    const path = template('a.ctmpl', '{{ key "x" }}')
    start(`-template=${path}:${one}`, `-template=${template('b.njk', '{{ key("x") }}!')}:${other}`)
    await becomes(one, 'shared')
    await becomes(other, 'shared!')

    writeFileSync(path, 'nothing')
    await becomes(one, 'nothing')
    await set('x', 'again')
    await becomes(other, 'again!')
  })
})

describe('what Consul says of an instance beside its address', () => {
  const text =
    '{{ range service "web" }}{{ .NodeAddress }} {{ .NodeMeta.zone }} {{ range .Checks }}{{ .Name }}{{ end }}{{ end }}'
  const asRegistered = '10.1.1.1 a alive'

  beforeEach(async () => {
    const Service = { Service: 'web', ID: 'web-1', Address: '10.2.2.2', Port: 80 }
    const Checks = [{ CheckID: 'c', Name: 'alive', Status: 'passing', ServiceID: 'web-1' }]
    const place = { Node: 'n1', Address: '10.1.1.1', NodeMeta: { zone: 'a' } }
    await consul.call('PUT', '/catalog/register', { ...place, Service, Checks })
  })

  it('is looked at anew as soon as a template prints it', async () => {
    const out = join(bench.folder, 'out')
    const path = template('a.ctmpl', '{{ range service "web" }}{{ .Address }}{{ end }}')
    start(`-template=${path}:${out}`)
    await becomes(out, '10.2.2.2')

    writeFileSync(path, '{{ range service "web" }}{{ range .Checks }}{{ .Name }}: {{ .Output }}{{ end }}{{ end }}')
    await becomes(out, 'alive: ')
    const Check = { CheckID: 'c', Name: 'alive', Status: 'passing', ServiceID: 'web-1', Output: 'fine' }
    await consul.call('PUT', '/catalog/register', { Node: 'n1', Address: '10.1.1.1', SkipNodeUpdate: true, Check })
    await becomes(out, 'alive: fine')
  })

  it('is there with -once and -dry, too', async () => {
    const out = join(bench.folder, 'out')
    const args = [`-consul-addr=${consul.address}`, `-template=${template('a.ctmpl', text)}:${out}`]

    expect((await bench.run([...args, '-dry'])).stdout).toContain(asRegistered)
    await bench.run([...args, '-once'])
    expect(readFileSync(out, 'utf8')).toBe(asRegistered)
  })

  it('is there after a restart without Consul, too', async () => {
    const out = join(bench.folder, 'out')
    const path = template('a.ctmpl', text)
    const upstreamd = start(`-template=${path}:${out}`)
    await becomes(out, asRegistered)
    await upstreamd.stop()
    await consul.stop()

    writeFileSync(path, `${text}!`) // or nothing would have to be written
    start(`-template=${path}:${out}`)

    await becomes(out, `${asRegistered}!`)
  })
})

describe('many services', () => {
  it('cost the constant number of connections, though the template asks for each of them', async () => {
    const out = join(bench.folder, 'out')
    for (let number = 1; number <= 60; number += 1) await register(`app-${number}`, number)
    const upstreamd = start(
      `-template=${template('a.ctmpl', '{{ range services }}{{ range service .Name }}{{ .Port }} {{ end }}{{ end }}')}:${out}`,
    )
    await until('all are there', async () => (await text(out)).split(' ').length > 60)

    await register('one-more', 61)
    await until('that one, too', async () => (await text(out)).includes('61'))

    expect(connectionsOf(upstreamd)).toBeLessThanOrEqual(16)
  })
})

describe('nginx’s configuration', () => {
  let tree: NginxTree
  let port: number
  const page = async (host: string) => (await get(port, host)).text

  beforeEach(async () => {
    tree = makeTree(bench.folder)
    port = await freePort()
    await register('web')
  })

  const servers = (key = '"snippet"') =>
    `{{ range services }}{{ if ne .Name "consul" }}upstream {{ .Name }} { {{ range service .Name }}server {{ .Address }}:{{ .Port }};{{ end }} }
    server { listen 127.0.0.1:${port}; server_name {{ .Name }}.test; location / { proxy_pass http://{{ .Name }}; } {{ keyOrDefault ${key} "" }} }
    {{ end }}{{ end }}`

  it('with a snippet from a key that nginx refuses stays, and the services go on with the snippet before', async () => {
    await set('snippet', 'add_header X-Snippet one;')
    const upstreamd = start(
      `-nginx-conf=${tree.conf}`,
      `-template=${template('a.ctmpl', servers())}:${tree.destination}`,
    )
    await until('web answers', async () => (await page('web.test')) === 'one')

    await set('snippet', 'no_such_directive;')
    const { diagnostics } = await upstreamd.saw('generation.invalid')
    expect(diagnostics[0]?.message).toContain('no_such_directive')
    expect((await get(port, 'web.test')).headers['x-snippet']).toBe('one')

    await register('late')
    await until('late answers', async () => (await page('late.test')) === 'one')
    expect((await get(port, 'late.test')).headers['x-snippet']).toBe('one')

    await set('snippet', 'add_header X-Snippet two;')
    await until('the new one', async () => (await get(port, 'late.test')).headers['x-snippet'] === 'two')
    expect(upstreamd.events().filter(({ type }) => type === 'selection.rejected')).toEqual([])
  })

  it('goes on with services that come while nginx refuses a key of another one, which is told once', async () => {
    const upstreamd = start(
      `-nginx-conf=${tree.conf}`,
      `-template=${template('a.ctmpl', servers('(printf "conf/%s" .Name)'))}:${tree.destination}`,
    )
    await until('web answers', async () => (await page('web.test')) === 'one')
    await set('conf/web', 'no_such_directive;')
    await until('it is told', () => statusOf().problem?.includes('no_such_directive'))

    await register('late')
    await until('late is there', async () => (await text(tree.destination)).includes('server_name late.test;'))
    await until('it is told still', () => statusOf().problem?.includes('no_such_directive') && statusOf().sites === 2)
    const hows = upstreamd.events().flatMap(event => (event.type === 'generation.activated' ? event.how : []))
    expect(hows).toEqual(['started', 'reloaded'])

    await set('conf/web', 'charset utf-8;')
    await until('that, too', async () => (await text(tree.destination)).includes('charset utf-8;'))
    await until('nothing is wrong', () => statusOf().problem === undefined)
  })

  it('with a service that nginx refuses takes newcomers up after a reload, too', async () => {
    await set('snippet', 'charset utf-8;')
    const limited = (Name: string, limit: string) =>
      consul.register({ Name, Address: '127.0.0.1', Port: backend.port, Meta: { limit } })
    for (const name of ['a', 'b', 'web']) await limited(name, '1m')
    const text = servers().replaceAll(
      '{{ keyOrDefault',
      '{{ with service .Name }}client_max_body_size {{ (index . 0).ServiceMeta.limit }};{{ end }} {{ keyOrDefault',
    )
    const upstreamd = start(`-nginx-conf=${tree.conf}`, `-template=${template('a.ctmpl', text)}:${tree.destination}`)
    await upstreamd.saw('daemon.ready')
    await limited('b', 'broken')
    await upstreamd.saw('selection.rejected', ({ rejection }) => rejection.service === 'b')

    const before = upstreamd.events().length
    upstreamd.child.kill('SIGHUP')
    await upstreamd.saw('selection.rejected', ({ rejection }) => rejection.service === 'b', before)
    await limited('late', '1m')

    await until('late is there', () => readFileSync(tree.destination, 'utf8').includes('server_name late.test;'))
    expect(readFileSync(tree.destination, 'utf8')).toContain('server_name b.test;')
  })

  it('goes on while another template of the same nginx waits for a key that has gone', async () => {
    await set('gone', '# a comment')
    const other = join(tree.folder, 'conf.d/other.conf')
    const upstreamd = start(
      `-nginx-conf=${tree.conf}`,
      `-template=${template('a.ctmpl', servers())}:${tree.destination}`,
      `-template=${template('b.ctmpl', '{{ key "gone" }}')}:${other}`,
    )
    await until('web answers', async () => (await page('web.test')) === 'one')

    await unset('gone')
    await upstreamd.saw('template.waiting')
    await register('late')
    await until('late answers', async () => (await page('late.test')) === 'one')

    expect(await text(other)).toBe('# a comment')
  })
})

function statusOf() {
  return JSON.parse(readFileSync(join(bench.state, 'status.json'), 'utf8'))
}

/** Its sockets: those of Consul and a few of Node's own. */
function connectionsOf({ pid }: Running): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter(name => {
    try {
      return readlinkSync(join(folder, name)).startsWith('socket:')
    } catch {
      return false // closed meanwhile
    }
  }).length
}
