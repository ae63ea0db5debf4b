import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { consulBinary, startConsul } from '../../test/support/consul.ts'
import type { Instance } from './instances.ts'

export type Health = 'passing' | 'critical'

/** Where instances are registered: Consul, or a file in its place. What was asked is done when a call returns. */
export interface Registry {
  readonly about: { readonly name: string; readonly text: string } // for the heading
  readonly flags: readonly string[] // how upstreamd is told of it
  readonly words: { readonly fails: string; readonly dies: string } // what steps are called
  /** How to play with it: a service `hello` at this port, for one. */
  hints(port: number): readonly { readonly title: string; readonly text: string }[]
  register(instances: readonly Instance[]): Promise<void>
  deregister(id: string): Promise<void>
  setHealth(id: string, health: Health): Promise<void>
  /** Takes it away from upstreamd without a word. */
  kill(): Promise<void>
  /** Brings it back where it was, with nothing in it. */
  revive(): Promise<void>
}

/** Why there is no Consul to show it with; undefined when there is one. */
export function whyNoConsul(): string | undefined {
  if (process.env.DEMO_WITHOUT_CONSUL) return 'DEMO_WITHOUT_CONSUL is set'
  return consulBinary() === undefined ? 'there is no consul, neither on PATH nor in .cache/bin' : undefined
}

export async function openConsul(closers: (() => Promise<void>)[], tag: string): Promise<Registry> {
  const consul = await startConsul()
  closers.push(consul.stop)
  const self = (await consul.call('GET', '/agent/self')) as { Config: { Version: string } }
  const url = `http://${consul.address}`
  return {
    about: { name: `Consul ${self.Config.Version}`, text: `${url} (agent -dev, process ${consul.pid})` },
    flags: [`-consul-addr=${consul.address}`],
    words: { fails: "web-2's check fails", dies: 'Consul is killed' },
    hints: port => [
      { title: 'Consul', text: `${url}/ui (API: ${url}/v1/agent/services)` },
      {
        title: 'register',
        text: `curl -X PUT ${url}/v1/agent/service/register \\\n  -d '{"Name": "hello", "Address": "127.0.0.1", "Port": ${port}, "Tags": ["${tag}"]}'`,
      },
      { title: 'deregister', text: `curl -X PUT ${url}/v1/agent/service/deregister/hello` },
      { title: 'fail a check', text: `curl -X PUT ${url}/v1/agent/check/fail/service:web-1` },
    ],
    async register(instances) {
      // It stays as it is set, for longer than anybody keeps a demo running.
      const check = { TTL: '720h', Status: 'passing' }
      for (const { service, id, port } of instances) {
        await consul.register({ Name: service, ID: id, Port: port, Tags: [tag], Check: check })
      }
    },
    deregister: consul.deregister,
    setHealth: consul.setCheck,
    kill: consul.kill,
    revive: consul.restart,
  }
}

export async function openFile(folder: string, tag: string): Promise<Registry> {
  const path = join(folder, 'services.yaml')
  const registered = new Map<string, Instance & { readonly health: Health }>()

  async function write(): Promise<void> {
    writeFileSync(`${path}.tmp`, toYaml([...registered.values()], tag))
    renameSync(`${path}.tmp`, path)
  }
  await write()
  return {
    about: { name: 'file source', text: `${path} (upstreamd's embedded default)` },
    flags: [`-source=file:${path}`],
    words: { fails: 'web-2 is marked critical', dies: 'services.yaml is deleted' },
    hints: port => [
      { title: 'services', text: `${path} (watched: save it)` },
      {
        title: 'register',
        text: `echo '  - { name: hello, tags: [${tag}], instances: [{ address: 127.0.0.1, port: ${port} }] }' \\\n  >>${path}`,
      },
    ],
    async register(instances) {
      for (const instance of instances) registered.set(instance.id, { ...instance, health: 'passing' })
      await write()
    },
    async deregister(id) {
      registered.delete(id)
      await write()
    },
    async setHealth(id, health) {
      const instance = registered.get(id)
      if (instance === undefined) throw new Error(`${id} is not registered`)
      registered.set(id, { ...instance, health })
      await write()
    },
    kill: async () => rmSync(path),
    async revive() {
      registered.clear()
      await write()
    },
  }
}

function toYaml(instances: readonly (Instance & { readonly health: Health })[], tag: string): string {
  const services = [...Map.groupBy(instances, ({ service }) => service)].map(([name, members]) => {
    const lines = members.map(
      ({ id, port, health }) => `      - { id: ${id}, address: 127.0.0.1, port: ${port}, health: ${health} }`,
    )
    return [`  - name: ${name}`, `    tags: [${tag}]`, '    instances:', ...lines].join('\n')
  })
  return services.length === 0 ? 'services: []\n' : `services:\n${services.join('\n')}\n`
}
