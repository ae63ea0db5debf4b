import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of services, as the `file` source reads it. */
export interface ServiceFile {
  readonly path: string
  readonly source: string // for -source
  write(services: Readonly<Record<string, readonly number[]>>): void // name → ports of loopback
}

export function serviceFile(folder: string): ServiceFile {
  const path = join(folder, 'services.yaml')
  return {
    path,
    source: `file:${path}`,
    write(services) {
      const list = Object.entries(services).map(([name, ports]) => ({
        name,
        tags: ['calico'],
        instances: ports.map(port => ({ address: '127.0.0.1', port })),
      }))
      writeFileSync(`${path}.new`, JSON.stringify({ services: list }))
      renameSync(`${path}.new`, path)
    },
  }
}
