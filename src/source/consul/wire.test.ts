import { describe, expect, it } from 'vitest'
import { Checks, NodeServices, Nodes, ServiceNames } from './wire.ts'

describe('Consul’s answers', () => {
  it('a service may leave out tags, meta and weights, or say null', () => {
    const bare = { ID: 'a', Service: 'a', Address: '', Port: 0, CreateIndex: 5 }
    const nulls = { ...bare, Tags: null, Meta: null, Weights: null }

    expect(NodeServices.parse({ Services: [bare, nulls] })?.Services).toEqual([bare, nulls])
  })

  it('a node that is not there (any more) is null', () => {
    expect(NodeServices.parse(null)).toBeNull()
    expect(NodeServices.parse({ Node: null, Services: null })).toEqual({ Node: null, Services: null })
  })

  it('what is not asked for is passed over, whatever it is', () => {
    expect(Nodes.parse([{ Node: 'n', Address: '10.0.0.1', Meta: { new: [1] } }])).toEqual([
      { Node: 'n', Address: '10.0.0.1' },
    ])
  })

  it.each([
    { title: 'an object where a list should be', schema: Nodes, body: {} },
    { title: 'null where a list should be', schema: Nodes, body: null },
    { title: 'a text where a list should be', schema: Checks, body: 'none' },
    { title: 'a node without its address', schema: Nodes, body: [{ Node: 'n' }] },
    { title: 'a check without its service', schema: Checks, body: [{ Node: 'n', CheckID: 'c', Status: 'passing' }] },
    { title: 'a list where a map should be', schema: ServiceNames, body: [] },
    {
      title: 'a port that is a text',
      schema: NodeServices,
      body: { Services: [{ ID: 'a', Service: 'a', Address: '', Port: '80', CreateIndex: 5 }] },
    },
    { title: 'an error page in JSON', schema: NodeServices, body: { error: 'rate limited' } },
  ])('$title is refused, not taken for empty', ({ schema, body }) => {
    expect(schema.safeParse(body).success).toBe(false)
  })
})
