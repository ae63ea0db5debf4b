import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RealConsul, Registration } from './consul.ts'
import { userSetup } from './container.ts'
import { until } from './wait.ts'

/** What consul-template makes of the users' template and a catalog of a given size, as it was recorded. */
export interface DropInRecorded {
  readonly recordedFrom: string
  readonly sha256: Readonly<Record<string, string>> // by the number of services
}

export const VERSION = '0.42.1'
export const SIZES = [2, 50, 300] as const
export const dropInRecordedPath = join(import.meta.dirname, `../fixtures/consul-template-${VERSION}/drop-in.json`)

export function recordedSum(size: number): string {
  const { sha256 } = JSON.parse(readFileSync(dropInRecordedPath, 'utf8')) as DropInRecorded
  return sha256[size] ?? 'none'
}

export function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The program whose output is recorded, where this machine has it. */
export function consulTemplate(): string | undefined {
  const program = process.env.CONSUL_TEMPLATE_BIN ?? 'consul-template'
  const { stdout, stderr } = spawnSync(program, ['-version'], { encoding: 'utf8' })
  return `${stdout}${stderr}`.includes(`v${VERSION}`) ? program : undefined
}

/** What it writes with the users' template. */
export function theirText(program: string, consul: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-theirs-'))
  const written = join(folder, 'app.conf')
  const template = `-template=${join(userSetup, 'app.ctmpl')}:${written}`
  try {
    const { status, stderr } = spawnSync(program, [`-consul-addr=${consul}`, '-once', template], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
    return readFileSync(written, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** consul-template has a connection for each service. */
export const roomy = { limits: { http_max_conns_per_client: 4_000 } }

/** Registers `size` services that the template prints, and some that it does not; resolves when Consul tells of them. */
export async function populate(consul: RealConsul, size: number): Promise<void> {
  const registrations = Array.from({ length: size }, (_, at) => registrationsOf(at)).flat()
  const elsewhere = Array.from({ length: Math.ceil(size / 10) }, (_, at) => ({
    Node: `node-${at}`,
    Address: `10.233.200.${at + 1}`,
    Service: { Service: nameOf(at), ID: `far-${at}`, Port: 8_080, Tags: ['calico'] }, // its address is that of its node
  }))
  await Promise.all(elsewhere.map(service => consul.call('PUT', '/catalog/register', service)))
  for (const registration of registrations) await consul.register(registration)
  const sick = registrations.filter(({ Check }) => Check !== undefined).length
  // The agent tells the catalog of services before it answers, and of checks soon.
  await until('the catalog has it all', async () => {
    const services = (await consul.call('GET', '/catalog/services')) as object
    const critical = (await consul.call('GET', '/health/state/critical')) as readonly unknown[]
    const names = new Set(registrations.map(({ Name }) => Name))
    return critical.length === sick && [...names].every(name => name in services)
  })
}

/** Names in both cases, with and without `-`; one to three instances, one of four with another that is not well. */
function registrationsOf(at: number): Registration[] {
  const instances = Array.from({ length: 1 + (at % 3) }, (_, which) => ({
    Name: nameOf(at),
    ID: `${nameOf(at)}-${which}`,
    Address: `10.233.${at % 200}.${10 + which}`,
    Port: 8_000 + (at % 100),
    Tags: which === 0 ? ['calico', 'v2'] : ['v1'],
  }))
  const sick = { Name: nameOf(at), ID: `${nameOf(at)}-sick`, Address: '10.233.9.9', Port: 80, Tags: ['calico'] }
  const bridged = { Name: `bridge-${at}`, ID: `bridge-${at}`, Address: '172.17.0.2', Port: 80, Tags: ['bridge'] }
  return [
    ...instances,
    ...(at % 4 === 1 ? [{ ...sick, Check: { TTL: '1h', Status: 'critical' } }] : []),
    ...(at % 5 === 0 ? [bridged] : []),
  ]
}

function nameOf(at: number): string {
  const word = ['nginx-test', 'Orders', 'a-b-c', 'x_y'][at % 4]
  return at < 4 ? `${word}` : `${word}-${at}`
}
