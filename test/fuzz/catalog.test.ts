import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Catalog, type Instance, toServices } from '../../src/model/catalog.ts'
import type { Printed } from '../../src/model/generation.ts'
import type { Selection, Site } from '../../src/model/selection.ts'
import { languageOf } from '../../src/render/registry.ts'
import { type View, viewOf } from '../../src/render/view.ts'
import { isWanted, select, visibleServices } from '../../src/select/select.ts'
import { breakoutsIn } from '../../src/target/nginx/attribute.ts'
import { type Directive, parseDirectives } from '../../src/target/nginx/tokens.ts'
import { aSeen, someRules, someSurroundings } from '../support/builders.ts'
import { freePort } from '../support/ports.ts'

// A run that fails prints its seed and path; they are kept here, so that it is run again for ever.
const kept: readonly { readonly seed: number }[] = [
  { seed: -1259398840 }, // a tag of one blank beside two host names, which a blank joins
  { seed: 1 },
]

const root = join(import.meta.dirname, '../..')
const load = (path: string) => languageOf(path).compile({ path, text: readFileSync(join(root, path), 'utf8') })
const shipped = load('ctmpl/ingress.conf.njk')
const frame = load('nginx/nginx.conf.njk')
const chatty = languageOf('chatty.njk').compile({
  path: 'chatty.njk',
  text: `{% for site in sites %}
# {{ site.service }} on {{ site.upstream.servers[0].node }}
upstream {{ site.upstream.name }} {
{% for server in site.upstream.servers %}    server {{ server.endpoint }}; # {{ server.id }}
{% endfor %}}
server {
    server_name {{ site.serverNames | join(" ") }};
    add_header X-Tags "{{ site.tags | join(",") }}";
    {% for key, value in site.meta %}add_header "X-{{ key }}" '{{ value }}';
    {% endfor %}return 204;
}
{% endfor %}`,
})

/** Texts as people and attackers write them: any character at all, but those of nginx's syntax more often. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(...'abz09.-_ ;{}"\'\\$#~*@/:\n\t\0=', 'é', '\u2028', '\u202e', '\ufdd0', '\ufdd2', '\ud800'),
    maxLength: 12,
  }),
  fc.constantFrom(
    'x"; } server { listen 1; } #',
    "y'; return 200 owned; #",
    `$\{host}`,
    '$host',
    'a\\',
    '',
    ' ',
    ',',
    '","',
  ),
  fc.nat(6_000).map(length => 't'.repeat(length)),
)

const anyName = fc.oneof(
  // Few letters, so that names meet: in case, in the host name they give, as an upstream.
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...'abAB-._'), minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: fc.constantFrom('web', 'constructor', '__proto__', 'a'.repeat(127), `${'b'.repeat(63)}-c`) },
  anyText,
)

const anyAddress = fc.oneof(
  { weight: 3, arbitrary: fc.ipV4() },
  fc.ipV6(),
  fc.constantFrom(
    '127.0.0.1',
    'known.test',
    'unknown.test',
    '',
    'unix:/x',
    '::1',
    'fe80::1%eth0',
    '0.0.0.0',
    '010.0.0.1',
  ),
  anyText,
)

const anyNumber = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 65_535 }) }, fc.integer(), fc.double())

const anyMeta = fc.dictionary(
  fc.oneof(fc.constantFrom('server_name', 'note', 'constructor', '__proto__'), anyText),
  fc.oneof(anyText, anyName, fc.constantFrom('x.test y.test', 'x.test, y.test')),
  { maxKeys: 4 },
)

const anyInstance: fc.Arbitrary<Omit<Instance, 'id'> & { readonly id: string }> = fc.record({
  id: anyText,
  node: anyText,
  address: anyAddress,
  port: anyNumber,
  tags: fc.array(fc.oneof(fc.constant('calico'), anyText), { maxLength: 4 }),
  meta: anyMeta,
  weight: anyNumber,
  health: fc.constantFrom('passing', 'passing', 'warning', 'critical', 'maintenance'),
  createIndex: fc.nat().map(String),
})

const anyCatalog: fc.Arbitrary<Catalog> = fc
  .array(fc.tuple(anyName, fc.array(anyInstance, { minLength: 1, maxLength: 4 })), { maxLength: 8 })
  .map(given => {
    const byName = new Map<string, Instance[]>()
    for (const [name, instances] of given) {
      const known = byName.get(name) ?? []
      known.push(...instances.map((instance, at) => ({ ...instance, id: `${instance.id}/${known.length + at}` })))
      byName.set(name, known)
    }
    return { services: toServices('consul', byName), indexes: { consul: '1' } }
  })

const rules = someRules({
  resolved: new Map([['known.test', ['10.9.9.9', 'fd00::9']]]),
  serverName: { domain: 'test' },
})

describe('any catalog whatever, before it and after it another one', () => {
  it('gives a selection in which every value has the shape it must have, and nothing is lost without a reason', () => {
    check(({ catalog, selection }) => {
      const names = everybody(selection).flatMap(({ serverNames }) => serverNames)
      expect(names.filter(name => !/^[a-z0-9_.-]{1,253}$/.test(name))).toEqual([])
      expect(new Set(names).size).toBe(names.length)
      const upstreams = selection.sites.map(({ upstream }) => upstream.name)
      expect(upstreams.filter(name => !/^[a-z0-9][a-z0-9._-]*$/.test(name))).toEqual([])
      expect(new Set(upstreams).size).toBe(upstreams.length)
      for (const { upstream } of selection.sites) {
        for (const { address, port, endpoint, weight } of upstream.servers) {
          expect(isIP(address)).not.toBe(0)
          expect(endpoint).toBe(isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`)
          expect(weight).toBeGreaterThanOrEqual(1)
          expect(weight).toBeLessThanOrEqual(65_535)
        }
      }
      const answered = new Set(everybody(selection).map(({ service }) => service))
      const named = new Set(selection.rejections.map(({ service }) => service))
      for (const { name, instances } of catalog.services) {
        if (!instances.some(isWanted(rules)) || name === 'consul') continue
        expect(answered.has(name) || named.has(name)).toBe(true)
      }
    })
  })

  it('gives, with the shipped template, exactly the server blocks and upstreams of the model, and no value is syntax', () => {
    check(({ selection, view }) => {
      const printed = shipped.render(view)

      expect(breakoutsIn([{ path: 'ingress.conf', ...printed }])).toEqual([])
      expect(blocksOf(printed)).toEqual(modelOf(selection, true))
    })
  })

  it('gives, with a template that prints tags and meta, exactly the blocks of the model once the culprits are out', () => {
    check(({ selection, view }) => {
      const { printed, left } = withoutCulprits(selection, view, chatty.render)

      expect(blocksOf(printed)).toEqual(modelOf(left, false))
      const harmless = selection.sites.filter(site => isHarmless(site))
      expect(left.sites.map(({ service }) => service)).toEqual(
        expect.arrayContaining(harmless.map(({ service }) => service)),
      )
    })
  })
})

describe('the real nginx', () => {
  let folder: string
  let listen: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'upstreamd-fuzz-'))
    mkdirSync(join(folder, 'conf.d'))
    writeFileSync(join(folder, 'control.conf'), '')
    listen = `127.0.0.1:${await freePort()}`
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('accepts what the shipped template makes of any catalog', () => {
    check(
      ({ selection, catalog }) => {
        const view = viewFor(selection, catalog, listen)
        writeFileSync(join(folder, 'nginx.conf'), frame.render(view).text)
        writeFileSync(join(folder, 'conf.d/sites.conf'), shipped.render(view).text)

        expect(verdict()).toBe('accepted')
      },
      { numRuns: 60 },
    )
  })

  it('finds in what is left without the culprits no directive that the template did not write', () => {
    check(
      ({ selection, catalog }) => {
        const view = viewFor(selection, catalog, listen)
        const { printed } = withoutCulprits(selection, view, chatty.render)
        writeFileSync(join(folder, 'nginx.conf'), frame.render(view).text)
        writeFileSync(join(folder, 'conf.d/sites.conf'), printed.text)

        // Values may be too long for nginx, which is the next net's business; none may be a directive.
        expect(verdict()).toMatch(/^accepted$|too long parameter|invalid number of arguments|could not build/)
      },
      { numRuns: 60 },
    )
  })

  function verdict(): string {
    const { status, stderr } = spawnSync('nginx', ['-t', '-q', '-c', join(folder, 'nginx.conf'), '-p', folder], {
      encoding: 'utf8',
    })
    return status === 0 ? 'accepted' : stderr
  }
})

interface Given {
  readonly catalog: Catalog
  readonly selection: Selection
  readonly view: View
}

/** The property for catalogs of fresh seeds and of those that are kept. */
function check(property: (given: Given) => void, { numRuns = 300 } = {}): void {
  const whatever = fc.property(anyCatalog, anyCatalog, (before, catalog) => {
    const selection = select(catalog, rules, select(before, rules, undefined))
    property({ catalog, selection, view: viewFor(selection, catalog) })
  })
  for (const again of kept) fc.assert(whatever, { ...again, numRuns: Math.ceil(numRuns / 3) })
  fc.assert(whatever, { numRuns })
}

function viewFor(selection: Selection, catalog: Catalog, listen = '80'): View {
  return viewOf(
    aSeen(selection, { services: visibleServices(catalog, rules) }),
    someSurroundings({ domain: 'test', listen }),
  )
}

/** As quarantine does it: whoever prints more than an argument is left out, until nobody does. */
function withoutCulprits(
  selection: Selection,
  view: View,
  render: (view: View) => Printed,
): { printed: Printed; left: Selection } {
  let left = selection
  for (;;) {
    const printed = render(viewOf(aSeen(left, { services: view.services }), someSurroundings({ domain: 'test' })))
    const culprits = breakoutsIn([{ path: 'x.conf', ...printed }]).map(({ service }) => service)
    if (culprits.length === 0) return { printed, left }
    const sites = left.sites.filter(({ service }) => !culprits.includes(service))
    expect(sites.length).toBeLessThan(left.sites.length) // each has a name, and it is one of those that are printed
    left = { ...left, sites }
  }
}

const everybody = ({ sites, unavailable }: Selection) => [...sites, ...unavailable]

/** Can nothing that this site prints be taken for syntax, wherever it stands? */
function isHarmless({ tags, meta, upstream }: Site): boolean {
  const texts = [...tags, ...Object.entries(meta).flat(), ...upstream.servers.flatMap(({ id, node }) => [id, node])]
  return texts.every(text => /^[\w./:@-]*$/.test(text))
}

interface Blocks {
  readonly servers: string[]
  readonly upstreams: string[]
}

function blocksOf({ text }: Printed): Blocks {
  const top = parseDirectives(text)
  const args = (block: readonly Directive[] | undefined, name: string) =>
    (block ?? []).filter(directive => directive.name === name).map(directive => directive.args.join(' '))
  const unknown = top.filter(({ name }) => !['server', 'upstream', 'map'].includes(name))
  expect(unknown.map(({ name }) => name)).toEqual([])
  return {
    servers: top.filter(({ name }) => name === 'server').map(({ block }) => args(block, 'server_name').join('; ')),
    upstreams: top
      .filter(({ name }) => name === 'upstream')
      .map(({ args: [name], block }) => `${name}: ${args(block, 'server').map(text => text.split(' ')[0])}`),
  }
}

function modelOf({ sites, unavailable }: Selection, answersForUnavailable: boolean): Blocks {
  const names = [...sites, ...(answersForUnavailable ? unavailable : [])].map(({ serverNames }) =>
    serverNames.join(' '),
  )
  return {
    servers: [...(answersForUnavailable ? ['_'] : []), ...names],
    upstreams: sites.map(({ upstream }) => `${upstream.name}: ${upstream.servers.map(({ endpoint }) => endpoint)}`),
  }
}
