import { type ChildProcess, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readProcess } from '../../src/proc.ts'
import { Children } from '../support/children.ts'
import { freePort } from '../support/ports.ts'
import { endNginx, type Logged, workbench } from '../support/upstreamd.ts'
import { sleep } from './answers.ts'
import { opened } from './opened.ts'

export const TAG = 'bench'
export const DOMAIN = 'bench'

/** A program that keeps an nginx in step with Consul. */
export interface Contender {
  readonly name: string
  readonly isOurs: boolean
  start(consul: string, extra?: Extra): Promise<Contestant>
}

export interface Extra {
  readonly args?: readonly string[]
  readonly environment?: Record<string, string>
}

export interface Contestant {
  readonly pid: number
  readonly port: number // where its nginx listens
  readonly folder: string // its nginx is known by it
  readonly nginxLog: string
  readonly nginxConf: string
  readonly startedAt: number
  events(): readonly Logged[] // those upstreamd has logged
  /** Ends the program and its nginx. */
  stop(): Promise<void>
  /** The same, and its files go, too. */
  clear(): Promise<void>
}

/** With the flags it has by default. */
export const upstreamd: Contender = {
  name: 'upstreamd',
  isOurs: true,
  async start(consul, { args = [], environment } = {}) {
    const bench = workbench('bench')
    const clear = opened(bench.clear)
    const port = await freePort()
    const where = [`-consul-addr=${consul}`, `-tag=${TAG}`, `-domain=${DOMAIN}`, `-listen=127.0.0.1:${port}`]
    const startedAt = performance.now()
    const running = bench.start([...where, '-log-level=info', ...args], environment)
    return {
      pid: running.pid,
      port,
      folder: bench.folder,
      nginxLog: join(bench.state, 'nginx/run/control.log'),
      nginxConf: join(bench.state, 'nginx/current/nginx.conf'),
      startedAt,
      events: running.events,
      stop: bench.end,
      clear,
    }
  },
}

/**
 * consul-template with the template and the kind of reload command its users have, guarded where it would otherwise
 * end by itself: a service that is just being deregistered has no instances, nginx refuses that, and a command
 * that fails ends consul-template (exit 14).
 */
export function consulTemplate(binary: string): Contender {
  return {
    name: 'consul-template',
    isOurs: false,
    async start(consul) {
      const folder = mkdtempSync(join(tmpdir(), 'upstreamd-peer-'))
      const children = new Children()
      const port = await freePort()
      const conf = join(folder, 'nginx.conf')
      const log = join(folder, 'error.log')
      mkdirSync(join(folder, 'conf.d'))
      writeFileSync(conf, nginxConf(folder, log, port))
      writeFileSync(join(folder, 'app.ctmpl'), template(port))
      const reload = `nginx -t -q -c ${conf} && if [ -s ${folder}/nginx.pid ]; then nginx -s reload -c ${conf}; else nginx -c ${conf}; fi || true`
      const started: { child?: ChildProcess } = {}
      async function stop(): Promise<void> {
        if (started.child !== undefined) await children.end(started.child, 'SIGINT')
        await endCommands(folder)
      }
      const clear = opened(async () => {
        await stop()
        rmSync(folder, { recursive: true, force: true })
      })
      const startedAt = performance.now()
      started.child = children.start(binary, [
        `-consul-addr=${consul}`,
        `-template=${folder}/app.ctmpl:${folder}/conf.d/app.conf:${reload}`,
      ])
      const pid = started.child.pid ?? 0
      return { pid, port, folder, nginxLog: log, nginxConf: conf, startedAt, events: () => [], stop, clear }
    },
  }
}

/** Its reload command may outlive it, and leave an nginx behind that has not yet said that it is one. */
async function endCommands(folder: string): Promise<void> {
  for (let looks = 0; looks < 3; looks += 1) {
    endNginx(folder)
    const left = readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && readProcess(Number(name))?.command.includes(folder))
      .map(Number)
    for (const pid of left) {
      looks = 0
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it has just ended
      }
    }
    await sleep(50)
  }
}

/** CONSUL_TEMPLATE_BIN, PATH, or built with Go where that is on the machine. */
export function findConsulTemplate(): string | undefined {
  const given = process.env.CONSUL_TEMPLATE_BIN
  if (given !== undefined) return given
  const cache = join(import.meta.dirname, '../../.cache/bin')
  const found = (process.env.PATH ?? '')
    .split(':')
    .concat(cache)
    .map(folder => join(folder, 'consul-template'))
    .find(existsSync)
  if (found !== undefined) return found
  try {
    execFileSync('go', ['install', 'github.com/hashicorp/consul-template@latest'], {
      env: { ...process.env, GOBIN: cache },
      stdio: 'inherit',
    })
    return join(cache, 'consul-template')
  } catch {
    return undefined // no Go, or no network: the report says that it ran alone
  }
}

function nginxConf(folder: string, log: string, port: number): string {
  return `worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${log} notice;
events { worker_connections 1024; }
http {
  access_log off;
  server { listen 127.0.0.1:${port} default_server; return 404; }
  include conf.d/*.conf;
}
`
}

/** The users' template, on a port of its own and without a log file for every service. */
function template(port: number): string {
  return `{{range services}}{{ if in .Tags "${TAG}" }}{{$name := .Name}}{{$service := service .Name}}{{if $service}}upstream {{$name}} {
zone upstream-{{$name}} 64k;
{{range $service}} server {{.Address}}:{{.Port}} max_fails=3 fail_timeout=60 weight=1;
{{end}}}
server {
listen 127.0.0.1:${port};
server_name {{$name|toLower|split "-"|join "."}}.${DOMAIN};
location / {
proxy_pass http://{{$name}};
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_connect_timeout 10s;
}
}
{{end}}{{end}}{{end}}`
}
