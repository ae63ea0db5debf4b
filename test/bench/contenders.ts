import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Children } from '../support/children.ts'
import { freePort } from '../support/ports.ts'
import { nginxOf, workbench } from '../support/upstreamd.ts'

/** A program that keeps an nginx in step with Consul. */
export interface Contender {
  readonly name: string
  start(consul: string): Promise<{ readonly port: number; stop(): Promise<void> }>
}

export function upstreamd(name: string, args: readonly string[] = []): Contender {
  return {
    name,
    async start(consul) {
      const bench = workbench('bench')
      const port = await freePort()
      const where = [`-consul-addr=${consul}`, '-tag=bench', '-domain=bench', `-listen=127.0.0.1:${port}`]
      // Every change is measured, however fast they come.
      const running = bench.start([...where, '-log-level=info', '-reload-interval=0s', ...args])
      return {
        port,
        async stop() {
          await running.stop()
          await bench.clear()
        },
      }
    },
  }
}

/**
 * consul-template with the template and the kind of reload command its users have, guarded where it would otherwise
 * end by itself: a service that is just being deregistered has no instances, nginx refuses that, and a command
 * that fails ends consul-template (exit 14).
 */
export function consulTemplate(binary: string): Contender {
  return {
    name: 'consul-template',
    async start(consul) {
      const folder = mkdtempSync(join(tmpdir(), 'upstreamd-peer-'))
      const children = new Children()
      const port = await freePort()
      const conf = join(folder, 'nginx.conf')
      mkdirSync(join(folder, 'conf.d'))
      writeFileSync(conf, nginxConf(folder, port))
      writeFileSync(join(folder, 'app.ctmpl'), template(port))
      const reload = `nginx -t -q -c ${conf} && if [ -s ${folder}/nginx.pid ]; then nginx -s reload -c ${conf}; else nginx -c ${conf}; fi || true`
      const child = children.start(binary, [
        `-consul-addr=${consul}`,
        `-template=${folder}/app.ctmpl:${folder}/conf.d/app.conf:${reload}`,
      ])
      return {
        port,
        async stop() {
          await children.end(child, 'SIGINT')
          for (const { pid } of nginxOf(folder)) process.kill(pid, 'SIGKILL')
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
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

function nginxConf(folder: string, port: number): string {
  return `worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
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
  return `{{range services}}{{ if in .Tags "bench" }}{{$name := .Name}}{{$service := service .Name}}{{if $service}}upstream {{$name}} {
zone upstream-{{$name}} 64k;
{{range $service}} server {{.Address}}:{{.Port}} max_fails=3 fail_timeout=60 weight=1;
{{end}}}
server {
listen 127.0.0.1:${port};
server_name {{$name|toLower|split "-"|join "."}}.bench;
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
