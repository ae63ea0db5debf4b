import type { Scope } from './scope.ts'

/** The texts that ask for something: mostly for what is there. */

export function serviceName({ world, chance }: Scope): string {
  if (world.services.length === 0 || chance.isOne(12)) return chance.pick(['nobody', 'consul', 'web', 'api'])
  const { name } = chance.pick(world.services)
  return chance.isOne(15) ? (chance.isOne(2) ? name.toUpperCase() : name.toLowerCase()) : name
}

export function serviceQuery(scope: Scope): string {
  const { chance, world } = scope
  const tag = chance.isOne(6) ? `${chance.pick(world.tags.filter(tag => /^[\w=:.-]+$/.test(tag)))}.` : ''
  const datacenter = chance.isOne(8) ? '@dc1' : ''
  const filters = chance.isOne(2)
    ? `|${chance.pick(['any', 'any', 'passing', 'passing,warning', 'warning', 'critical', 'maintenance', 'critical,any', ',passing'])}`
    : ''
  const broken = chance.isOne(60) ? chance.pick(['|nonsense', '@', '|', '~', '?x=1', ' ', '.', '|any|any']) : ''
  return tag + serviceName(scope) + datacenter + filters + broken
}

export function key({ world, chance }: Scope): string {
  const known = Object.keys(world.pairs).filter(key => !key.endsWith('/'))
  const path =
    chance.isOne(10) || known.length === 0
      ? chance.pick(['app/nope', 'nope', 'app', 'app//name', './app/name', 'app/x/../name', 'grö'])
      : chance.pick(known)
  const place = chance.isOne(15) ? chance.pick(['@dc1', '@dc1', '@', '?y=1']) : ''
  return (chance.isOne(12) ? '/' : '') + path + place
}

export function prefix({ chance }: Scope): string {
  const path = chance.pick([
    ...['app', 'app', 'app/', 'app/flags', 'app/nested', '/app/nested/', 'nginx', 'nginx/upstreams', 'ap', 'clash'],
    ...['nope', 'app/name', 'nginx/servers', 'top', 'with space', 'app/nested/a'],
  ])
  return path + (chance.isOne(15) ? chance.pick(['@dc1', '@dc1', '?']) : '')
}

export function nodeName({ world, chance }: Scope): string {
  const name = chance.isOne(10) ? chance.pick(['nobody', 'test', 'NODE-1']) : chance.pick(world.nodes).Node
  return name + (chance.isOne(12) ? chance.pick(['@dc1', '@dc1', ' ']) : '')
}

/** Written as a text of a template's. */
export function quoted(text: string, { chance }: Scope): string {
  return chance.isOne(10) && !text.includes('`') ? `\`${text}\`` : JSON.stringify(text)
}
