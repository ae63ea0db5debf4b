import { join } from 'node:path'
import { Children } from './children.ts'
import { type Backend, get, startBackend } from './http.ts'
import { makeTree, type NginxTree } from './nginx-tree.ts'
import { freePort } from './ports.ts'
import { type ServiceFile, serviceFile } from './services.ts'
import { type Bench, workbench } from './upstreamd.ts'
import { until } from './wait.ts'

/** The template that ships. */
export const shipped = join(import.meta.dirname, '../../ctmpl/ingress.conf.njk')

/** One service `web` with one instance in a file of services, a user's nginx tree, and a folder to run upstreamd in. */
export interface Scene {
  readonly bench: Bench
  readonly children: Children
  readonly tree: NginxTree
  readonly services: ServiceFile
  readonly backend: Backend
  readonly port: number // where nginx is to listen
  readonly own: string[] // arguments for our own layout
  readonly adopt: string[] // arguments for the tree, without a template
  answers(host: string): Promise<true>
  close(): Promise<void>
}

export async function openScene(purpose?: string): Promise<Scene> {
  const bench = workbench(purpose)
  const children = new Children()
  const tree = makeTree(bench.folder)
  const services = serviceFile(bench.folder)
  const backend = await startBackend('one')
  const port = await freePort()
  services.write({ web: [backend.port] })
  const own = [`-source=${services.source}`, '-tag=calico', '-domain=test', `-listen=127.0.0.1:${port}`]
  return {
    bench,
    children,
    tree,
    services,
    backend,
    port,
    own,
    adopt: [...own, `-nginx-conf=${tree.conf}`],
    answers: host => until(`${host} answers`, async () => (await get(port, host)).status === 200 && (true as const)),
    async close() {
      await bench.clear()
      await children.endAll()
      await backend.close()
    },
  }
}
