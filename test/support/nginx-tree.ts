import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Children } from './children.ts'
import { until } from './wait.ts'

/** A user's own nginx tree, as consul-template users have it. */
export interface NginxTree {
  readonly folder: string
  readonly conf: string
  readonly destination: string
  readonly pidFile: string
  /** Texts of all files but the destination: they must never change. */
  others(): Record<string, string>
  /** Starts nginx as the user would, in the foreground; resolves when it has workers. */
  startNginx(children: Children): Promise<number>
}

export function makeTree(root: string, extra = ''): NginxTree {
  const folder = join(root, 'etc-nginx')
  mkdirSync(join(folder, 'conf.d'), { recursive: true })
  mkdirSync(join(folder, 'snippets'), { recursive: true })
  const conf = join(folder, 'nginx.conf')
  const pidFile = join(root, 'nginx.pid')
  writeFileSync(
    conf,
    [
      'worker_processes 2;',
      `pid ${pidFile};`,
      `error_log ${join(root, 'error.log')};`,
      'events { worker_connections 512; }',
      'http {',
      '  access_log off;',
      '  include snippets/types.conf; # relative',
      `  include ${join(folder, 'conf.d')}/*.conf; # absolute`,
      extra,
      '}',
      '',
    ].join('\n'),
  )
  writeFileSync(join(folder, 'snippets/types.conf'), 'types { text/html html; }\n')
  const destination = join(folder, 'conf.d/app.conf')

  return {
    folder,
    conf,
    destination,
    pidFile,
    others() {
      const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => join(entry.parentPath, entry.name))
        .filter(path => path !== destination)
      return Object.fromEntries(paths.sort().map(path => [path, readFileSync(path, 'utf8')]))
    },
    async startNginx(children) {
      const child = children.start('/usr/sbin/nginx', ['-c', conf, '-g', 'daemon off;'], { detached: true })
      await until('nginx writes its pid', () => Number.parseInt(readFileSync(pidFile, 'utf8'), 10) === child.pid)
      return child.pid ?? 0
    },
  }
}
