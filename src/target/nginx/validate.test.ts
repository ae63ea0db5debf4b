import { describe, expect, it } from 'vitest'
import { parseDiagnostics } from './validate.ts'

describe('what `nginx -t` says', () => {
  it.each([
    {
      title: 'a fault with its place',
      line: 'nginx: [emerg] unknown directive "x" in /etc/nginx/conf.d/app.conf:12',
      says: { severity: 'error', message: 'unknown directive "x"', file: '/etc/nginx/conf.d/app.conf', line: 12 },
    },
    {
      title: 'a message that has an "in" of its own',
      line: 'nginx: [emerg] host not found in upstream "db.lan" in /etc/app.conf:3',
      says: { severity: 'error', message: 'host not found in upstream "db.lan"', file: '/etc/app.conf', line: 3 },
    },
    {
      title: 'an upstream that is not there has a place, too',
      line: 'nginx: [emerg] host not found in upstream "a;b" in /etc/x:1',
      says: { severity: 'error', message: 'host not found in upstream "a;b"', file: '/etc/x', line: 1 },
    },
    {
      title: 'a warning',
      line: 'nginx: [warn] conflicting server name "a.org" on 0.0.0.0:80, ignored',
      says: { severity: 'warning', message: 'conflicting server name "a.org" on 0.0.0.0:80, ignored' },
    },
    {
      title: 'a fault without a place',
      line: 'nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)',
      says: { severity: 'error', message: 'bind() to 0.0.0.0:80 failed (98: Address already in use)' },
    },
    {
      title: 'the same as it stands in a log',
      line: '2026/01/02 03:04:05 [emerg] 77#77: "server" directive is not allowed here in /etc/a.conf:1',
      says: { severity: 'error', message: '"server" directive is not allowed here', file: '/etc/a.conf', line: 1 },
    },
    {
      title: 'a log that cannot be opened',
      line: 'nginx: [alert] could not open error log file: open() "/var/log/nginx/error.log" failed (13: Permission denied)',
      says: {
        severity: 'error',
        message: 'could not open error log file: open() "/var/log/nginx/error.log" failed (13: Permission denied)',
      },
    },
  ])('$title', ({ line, says }) => {
    expect(parseDiagnostics(line)).toEqual([says])
  })

  it('comes in any number of lines, of which those without a level say nothing of their own', () => {
    const output = [
      'nginx: [warn] the "user" directive makes sense only if the master process runs with super-user privileges in /etc/nginx.conf:1',
      'nginx: [emerg] unexpected "}" in /etc/nginx/app.conf:7',
      'nginx: configuration file /etc/nginx.conf test failed',
      '',
    ].join('\n')

    expect(parseDiagnostics(output)).toMatchObject([
      { severity: 'warning', file: '/etc/nginx.conf', line: 1 },
      { severity: 'error', file: '/etc/nginx/app.conf', line: 7 },
    ])
  })

  it('may be nothing', () => {
    expect(parseDiagnostics('')).toEqual([])
    expect(parseDiagnostics('nginx: the configuration file /etc/nginx.conf syntax is ok\n')).toEqual([])
  })
})
