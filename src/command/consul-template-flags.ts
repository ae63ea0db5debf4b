import type { Flag } from './flag.ts'

/** What consul-template has beside templates and Consul itself: a program to run, signals and logs. */
export const consulTemplateFlags: readonly Flag[] = [
  {
    name: 'reload-signal',
    value: 'signal',
    key: 'reload_signal',
    help: 'reads configuration and templates again; empty: none does',
    fallback: 'SIGHUP',
  },
  { name: 'kill-signal', value: 'signal', key: 'kill_signal', help: 'stops, as SIGTERM, SIGINT and SIGQUIT do' },
  {
    name: 'default-left-delimiter',
    value: 'text',
    key: 'default_delimiters.left',
    help: 'what begins an action of a Go template',
    fallback: '{{',
  },
  {
    name: 'default-right-delimiter',
    value: 'text',
    key: 'default_delimiters.right',
    help: 'what ends an action of a Go template',
    fallback: '}}',
  },
  {
    name: 'exec',
    value: 'command',
    key: 'exec.command',
    help: 'program to run when everything is live; its end is ours',
  },
  {
    name: 'exec-reload-signal',
    value: 'signal',
    key: 'exec.reload_signal',
    help: 'tells it of a change; empty: nothing does',
    fallback: 'it is ended and started again',
  },
  { name: 'exec-kill-signal', value: 'signal', key: 'exec.kill_signal', help: 'ends it', fallback: 'SIGINT' },
  {
    name: 'exec-kill-timeout',
    value: 'duration',
    key: 'exec.kill_timeout',
    help: 'after this time SIGKILL does',
    fallback: '30s',
  },
  {
    name: 'exec-splay',
    value: 'duration',
    key: 'exec.splay',
    help: 'it is told of a change after a random part of this time',
    fallback: '0s',
  },
  { name: 'exec-env-pristine', value: undefined, key: 'exec.env.pristine', help: 'it sees only -exec-env-custom' },
  {
    name: 'exec-env-custom',
    value: 'NAME=value',
    key: 'exec.env.custom',
    isList: true,
    help: 'it sees this variable; repeatable',
  },
  {
    name: 'exec-env-allowlist',
    value: 'glob',
    key: 'exec.env.allowlist',
    isList: true,
    help: 'it sees only variables such as these; repeatable',
  },
  {
    name: 'exec-env-denylist',
    value: 'glob',
    key: 'exec.env.denylist',
    isList: true,
    help: 'it does not see variables such as these; repeatable',
  },
  {
    name: 'log-file',
    value: 'path',
    key: 'log_file.path',
    help: 'log to files, too: PATH-TIME.log',
  },
  {
    name: 'log-rotate-bytes',
    value: 'number',
    key: 'log_file.log_rotate_bytes',
    help: 'a new log file when this one is as long; 0: whatever its length',
    fallback: '0',
  },
  {
    name: 'log-rotate-duration',
    value: 'duration',
    key: 'log_file.log_rotate_duration',
    help: 'a new log file when this one is as old',
    fallback: '24h',
  },
  {
    name: 'log-rotate-max-files',
    value: 'number',
    key: 'log_file.log_rotate_max_files',
    help: 'how many old log files are kept; 0: all, -1: none',
    fallback: '0',
  },
  { name: 'syslog', value: undefined, key: 'syslog.enabled', help: 'log to the system log, too, by logger(1)' },
  { name: 'syslog-facility', value: 'name', key: 'syslog.facility', help: 'its facility', fallback: 'local0' },
  {
    name: 'syslog-name',
    value: 'text',
    key: 'syslog.name',
    help: 'what stands before every line',
    fallback: 'upstreamd',
  },
]

interface Idle {
  readonly why: string
  readonly switches: readonly string[]
  readonly values: readonly string[]
}

const transport = ['dial-keep-alive', 'dial-timeout', 'max-idle-conns-per-host', 'tls-handshake-timeout']
const retry = ['retry-attempts', 'retry-backoff', 'retry-max-backoff']
const withPrefix = (prefix: string, names: readonly string[]) => names.map(name => `${prefix}-${name}`)

const idle: readonly Idle[] = [
  { why: 'upstreamd never gives up', switches: ['consul-retry'], values: [...withPrefix('consul', retry), 'retry'] },
  {
    why: 'a dozen connections are kept open, whatever the number of services',
    switches: ['consul-transport-disable-keep-alives'],
    values: withPrefix('consul-transport', transport),
  },
  { why: 'a dozen connections to Consul need no sharing', switches: ['dedup'], values: [] },
  { why: 'a template that fails never ends the daemon', switches: ['template-error-fatal'], values: [] },
  {
    why: 'secrets of Vault are not read',
    switches: withPrefix('vault', [
      'renew-token',
      'retry',
      'ssl',
      'ssl-verify',
      'unwrap-token',
      'transport-disable-keep-alives',
    ]),
    values: [
      ...withPrefix('vault', [
        'addr',
        'token',
        'agent-token-file',
        'client-user-agent',
        'default-lease-duration',
        ...retry,
      ]),
      ...withPrefix('vault-ssl', ['cert', 'key', 'ca-cert', 'ca-path', 'server-name']),
      ...withPrefix('vault-transport', [...transport, 'max-conns-per-host']),
    ],
  },
]

/** Flags that do nothing here: accepted, so that a command line may stay as it is, and told with the reason. */
export const idleFlags: readonly (Flag & { readonly help: string })[] = idle.flatMap(({ why, switches, values }) => [
  ...switches.map(name => ({ name, value: undefined, help: why })),
  ...values.map(name => ({ name, value: 'value', help: why })),
])
