import { beforeEach, describe, expect, it } from 'vitest'
import { Tables } from './tables.ts'
import type { NodeService } from './wire.ts'

const nodes = (...names: string[]) => names.map((Node, position) => ({ Node, Address: `10.0.0.${position + 1}` }))
const check = (Node: string, ServiceID: string, Status = 'passing', CheckID = `service:${ServiceID}`) => ({
  Node,
  CheckID,
  Status,
  ServiceID,
})
const service = (ID: string, given: Partial<NodeService> = {}): NodeService => ({
  ID,
  Service: 'web',
  Address: '',
  Port: 80,
  CreateIndex: 5,
  ...given,
})
const everything = () => true

let tables: Tables
beforeEach(() => {
  tables = new Tables()
})

/** As the source does it: what is asked is no longer dirty. */
function read(node: string, ...services: NodeService[]): void {
  tables.dirty.delete(node)
  tables.setServices(node, services, JSON.stringify(services))
}

describe('which nodes have to be asked', () => {
  it('all of them, at first', () => {
    tables.setNodes(nodes('a', 'b'))

    expect(tables.dirty).toEqual(new Set(['a', 'b']))
  })

  it('only the new one, when a node joins', () => {
    tables.setNodes(nodes('a'))
    read('a')

    tables.setNodes(nodes('a', 'b'))

    expect(tables.dirty).toEqual(new Set(['b']))
  })

  it('all of them, when the service table moved: it does not say for whom', () => {
    tables.setNodes(nodes('a', 'b'))
    read('a')
    read('b')

    tables.touchAll()

    expect(tables.dirty).toEqual(new Set(['a', 'b']))
  })

  it('none, when a check changes its state: that is in the check itself', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', 'w1')])
    read('a', service('w1'))

    tables.setChecks([check('a', 'w1', 'critical')])

    expect(tables.dirty).toEqual(new Set())
  })

  it('the one where a check came or went: its service may have come or gone', () => {
    tables.setNodes(nodes('a', 'b'))
    tables.setChecks([check('a', 'w1'), check('b', 'w2')])
    read('a', service('w1'))
    read('b', service('w2'))

    tables.setChecks([check('b', 'w2')])

    expect(tables.dirty).toEqual(new Set(['a']))
  })

  it('none, when the same checks come in another order', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', 'w1'), check('a', 'w2')])
    read('a')

    tables.setChecks([check('a', 'w2'), check('a', 'w1')])

    expect(tables.dirty).toEqual(new Set())
  })

  it('not one that has left', () => {
    tables.setNodes(nodes('a', 'b'))

    tables.setNodes(nodes('a'))

    expect(tables.dirty).toEqual(new Set(['a']))
    expect([tables.hasNode('a'), tables.hasNode('b')]).toEqual([true, false])
  })

  it('is news when it answers otherwise than before, or when its checks were kept for it', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', 'w1', 'critical')])
    const isNews = (...services: NodeService[]) => tables.setServices('a', services, JSON.stringify(services))

    expect([isNews(service('w1')), isNews(service('w1')), isNews(service('w1', { Port: 81 }))]).toEqual([
      true,
      false,
      true,
    ])
    tables.setChecks([])
    expect([isNews(service('w1', { Port: 81 })), isNews(service('w1', { Port: 81 }))]).toEqual([true, false])
  })

  it('again the one that changed while its answer was on the way', () => {
    tables.setNodes(nodes('a'))
    tables.dirty.delete('a') // it is being asked …
    tables.touchAll() // … and meanwhile a service is registered

    tables.setServices('a', [], '')

    expect(tables.dirty).toEqual(new Set(['a']))
  })
})

describe('what is known', () => {
  const known = () => tables.services('consul', everything)
  const instances = () => known().flatMap(({ instances }) => instances)

  it('is put together from the three tables', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', '', 'passing', 'serfHealth'), check('a', 'w1', 'warning')])
    read('a', service('w1', { Tags: ['z', 'a'], Meta: { k: 'v' }, Weights: { Passing: 5, Warning: 2 } }))

    expect(known()).toEqual([
      {
        name: 'web',
        source: 'consul',
        tags: ['a', 'z'],
        instances: [
          {
            id: 'a/w1',
            node: 'a',
            address: '10.0.0.1',
            port: 80,
            tags: ['a', 'z'],
            meta: { k: 'v' },
            weight: 2,
            health: 'warning',
            createIndex: '5',
          },
        ],
      },
    ])
  })

  it('a service without an address of its own has that of its node, also when that one moves', () => {
    tables.setNodes([{ Node: 'a', Address: '10.0.0.1' }])
    read('a', service('w1'), service('w2', { Address: '10.9.9.9' }))
    tables.setNodes([{ Node: 'a', Address: '10.0.0.7' }])

    expect(instances().map(({ address }) => address)).toEqual(['10.0.0.7', '10.9.9.9'])
    expect(tables.dirty).toEqual(new Set())
  })

  it('weights count by state: 1 where nothing is said', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', 'w2', 'warning'), check('a', 'w3', 'critical')])
    const Weights = { Passing: 9, Warning: 3 }
    read('a', service('w1', { Weights }), service('w2', { Weights }), service('w3', { Weights }), service('w4'))

    expect(instances().map(({ weight }) => weight)).toEqual([9, 3, 9, 1])
  })

  it('a failing check of a node fails all its services, and nobody else’s', () => {
    tables.setNodes(nodes('a', 'b'))
    tables.setChecks([check('a', '', 'critical', 'serfHealth')])
    read('a', service('w1'))
    read('b', service('w1'))

    expect(instances().map(({ id, health }) => `${id} ${health}`)).toEqual(['a/w1 critical', 'b/w1 passing'])
  })

  it('a check counts however it writes the ids of its node and its service: Consul does not mind case', () => {
    tables.setNodes(nodes('Alpha'))
    read('Alpha', service('W1'))
    tables.setChecks([check('alpha', 'w1', 'critical')])
    const states = () => instances().map(({ id, health }) => `${id} ${health}`)

    expect(states()).toEqual(['Alpha/W1 critical'])
    expect(tables.dirty).toEqual(new Set(['Alpha']))

    tables.setChecks([])
    expect(states()).toEqual(['Alpha/W1 critical']) // on its way out

    read('Alpha', service('W1'))
    expect(states()).toEqual(['Alpha/W1 passing'])
  })

  it('the same service id on two nodes is two instances', () => {
    tables.setNodes(nodes('a', 'b'))
    read('a', service('w1'))
    read('b', service('w1'))

    expect(instances().map(({ id }) => id)).toEqual(['a/w1', 'b/w1'])
  })

  it('twin-x and Twin-X are two services', () => {
    tables.setNodes(nodes('a'))
    read('a', service('1', { Service: 'twin-x' }), service('2', { Service: 'Twin-X' }))

    expect(known().map(({ name }) => name)).toEqual(['Twin-X', 'twin-x'])
  })

  it('a node that left takes its services with it', () => {
    tables.setNodes(nodes('a', 'b'))
    read('a', service('w1'))
    read('b', service('w2'))

    tables.setNodes(nodes('a'))

    expect(instances().map(({ id }) => id)).toEqual(['a/w1'])
  })

  it('a node that has left before its list says so is asked again when it is listed again', () => {
    tables.setNodes(nodes('a', 'b'))
    read('a', service('w1'))
    read('b', service('w2'))

    tables.leave('a')
    expect(instances().map(({ id }) => id)).toEqual(['b/w2'])

    tables.setNodes(nodes('a', 'b'))
    expect(tables.dirty).toEqual(new Set(['a']))
  })

  it('an answer for a node that left meanwhile is too late', () => {
    tables.setNodes(nodes('a'))
    tables.setNodes([])

    tables.setServices('a', [service('w1')], '')

    expect(known()).toEqual([])
    expect(tables.knows('a')).toBe(false)
  })

  it('a node that comes back is asked again', () => {
    tables.setNodes(nodes('a'))
    read('a', service('w1'))
    tables.setNodes([])
    tables.setNodes(nodes('a'))

    expect(tables.dirty).toEqual(new Set(['a']))
    expect(known()).toEqual([])
  })

  it('a failing check that is gone counts until its node is read: the instance is on its way out', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', 'w1', 'critical'), check('a', 'w2')])
    read('a', service('w1'), service('w2'))
    const states = () => instances().map(({ id, health }) => `${id} ${health}`)

    tables.setChecks([check('a', 'w2')])
    tables.setChecks([check('a', 'w2', 'warning')])
    expect(states()).toEqual(['a/w1 critical', 'a/w2 warning'])

    read('a', service('w1'), service('w2'))
    expect(states()).toEqual(['a/w1 passing', 'a/w2 warning'])
  })

  describe('an instance that came after the check table was read', () => {
    const states = () => instances().map(({ id, health }) => `${id} ${health}`)
    beforeEach(() => {
      tables.setNodes(nodes('a'))
      tables.setChecks([check('a', 'old')])
      read('a', service('old', { CreateIndex: 5 }))
      tables.believe()
      read('a', service('old', { CreateIndex: 5 }), service('new', { CreateIndex: 20 }))
    })

    it('is told when that table has not moved', () => {
      tables.believe()

      expect(states()).toEqual(['a/new passing', 'a/old passing'])
    })

    it('has the checks that came with it', () => {
      tables.setChecks([check('a', 'old'), check('a', 'new', 'critical')])
      tables.doubt(10n)

      expect(states()).toEqual(['a/new critical', 'a/old passing'])
    })

    it('is not told when the table moved and it has none: it may have had one, and be gone with it', () => {
      tables.dirty.clear()
      tables.doubt(10n)

      expect(states()).toEqual(['a/old passing'])
      expect(tables.dirty).toEqual(new Set(['a']))
    })

    it('is told when it is still there: then it has none', () => {
      tables.doubt(10n)
      const both = [service('old', { CreateIndex: 5 }), service('new', { CreateIndex: 20 })]

      expect(tables.setServices('a', both, JSON.stringify(both))).toBe(true)
      tables.doubt(15n)
      expect(states()).toEqual(['a/new passing', 'a/old passing'])
    })

    it('is a new one when it came anew', () => {
      tables.doubt(10n)
      read('a', service('old', { CreateIndex: 5 }), service('new', { CreateIndex: 30 }))
      tables.doubt(15n)

      expect(states()).toEqual(['a/old passing'])
    })

    it('is told when it had come before: then its checks would have been there', () => {
      tables.doubt(20n)

      expect(states()).toEqual(['a/new passing', 'a/old passing'])
    })
  })

  it('a check that comes back counts as it is now', () => {
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', 'w1', 'critical')])
    read('a', service('w1'))

    tables.setChecks([])
    tables.setChecks([check('a', 'w1', 'passing')])

    expect(instances().map(({ health }) => health)).toEqual(['passing'])
  })

  it('nobody’s interest leaves a service out', () => {
    tables.setNodes(nodes('a'))
    read('a', service('w1', { Tags: ['calico'] }), service('d1', { Service: 'db' }))

    const seen = tables.services('consul', (_name, tags) => tags.includes('calico'))

    expect(seen.map(({ name }) => name)).toEqual(['web'])
  })
})

describe('what is known in full', () => {
  it('is the same as before when a check says the same again, and another one when it says something else', () => {
    tables = new Tables(undefined, true)
    tables.setNodes(nodes('a'))
    tables.setChecks([check('a', '1')])
    read('a', service('1'))
    const [before] = tables.services('consul', everything)

    tables.setChecks([check('a', '1')])
    expect(tables.services('consul', everything)[0]).toBe(before)

    tables.setChecks([{ ...check('a', '1'), Output: 'fine' } as ReturnType<typeof check>])
    expect(tables.services('consul', everything)[0]).not.toBe(before)
  })
})
