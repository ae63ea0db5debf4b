import { describe, expect, it } from 'vitest'
import { aCatalog, anInstance } from '../../test/support/builders.ts'
import type { Catalog } from '../model/catalog.ts'
import { type Finding, lint, look, type Source } from './lint.ts'
import { rules } from './rules.ts'
import type { LanguageName } from './template.ts'

const findingsIn = (sources: readonly Source[], catalog?: Catalog): Finding[] => lint(look(sources), catalog)

/** The lines in which a rule finds something, and those only. */
function linesOf(rule: string, sources: readonly Source[], catalog?: Catalog): number[] {
  return findingsIn(sources, catalog)
    .filter(finding => finding.rule === rule)
    .flatMap(({ line, also }) => [line, ...also])
}

interface Case {
  readonly title: string
  readonly language?: LanguageName // else Go
  readonly text: string
  readonly lines: readonly number[]
}

/** A hazard, and what looks like it and is none. */
function finds(rule: string, cases: readonly Case[]): void {
  it.each(cases)('$title', ({ language = 'gotmpl', text, lines }) => {
    expect(linesOf(rule, [{ path: 'app', text, language }])).toEqual(lines)
  })
}

const server = 'server {{.Address}}:{{.Port}};'

describe('empty-upstream', () => {
  finds('empty-upstream', [
    {
      title: 'a loop that may have no round',
      text: `upstream x {\n{{range service "x"}}${server}{{end}}}`,
      lines: [1],
    },
    {
      title: 'a loop over a variable, in a loop over all services',
      text: `{{range services}}{{$s := service .Name}}\nupstream {{.Name}} { {{range $s}}${server}{{end}} }{{end}}`,
      lines: [2],
    },
    {
      title: 'every server under a condition',
      text: `upstream x { {{with service "x"}}{{range .}}{{if .Tags | contains "v2"}}${server}{{end}}{{end}}{{end}} }`,
      lines: [1],
    },
    {
      title: 'asked for another service',
      text: `{{if service "y"}}upstream x { {{range service "x"}}${server}{{end}} }{{end}}`,
      lines: [1],
    },
    {
      title: 'a loop over something else around it',
      text: `{{$all := 0}}{{$all = services}}{{range $all}}upstream x { {{range service "x"}}${server}{{end}} }{{end}}`,
      lines: [1],
    },
    { title: 'none at all', language: 'nginx', text: 'upstream x { zone x 64k; }', lines: [1] },
    {
      title: 'Nunjucks: any service',
      language: 'nunjucks',
      text: 'upstream x { {% for i in service("x") %}server {{ i.endpoint }};{% endfor %} }',
      lines: [1],
    },
    {
      title: 'Nunjucks: some servers of a site',
      language: 'nunjucks',
      text: '{% for s in sites %}upstream x { {% for i in s.upstream.servers %}{% if i.weight > 1 %}server {{ i.endpoint }};{% endif %}{% endfor %} }{% endfor %}',
      lines: [1],
    },

    { title: 'safe: with', text: `{{with service "x"}}upstream x { {{range .}}${server}{{end}} }{{end}}`, lines: [] },
    {
      title: 'safe: with and a variable',
      text: `{{with $s := service "x"}}upstream x { {{range $s}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'safe: if',
      text: `{{range services}}{{$s := service .Name}}{{if $s}}upstream x { {{range $s}}${server}{{end}} }{{end}}{{end}}`,
      lines: [],
    },
    {
      title: 'safe: if it has a length',
      text: `{{$s := service "x"}}{{$n := len $s}}{{if gt $n 0}}upstream x { {{range $s}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'safe: the else of what it is without',
      text: `{{if eq (len (service "x")) 0}}{{else}}upstream x { {{range service "x"}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'safe: a condition inside of the upstream',
      text: `upstream x { {{if service "x"}}{{range service "x"}}${server}{{end}}{{else}}server 127.0.0.1:9;{{end}} }`,
      lines: [],
    },
    {
      title: 'safe: a loop with an else',
      text: `upstream x { {{range service "x"}}${server}{{else}}server 127.0.0.1:9;{{end}} }`,
      lines: [],
    },
    {
      title: 'safe: a server beside',
      text: `upstream x { {{range service "x"}}${server}{{end}} server 127.0.0.1:9 backup; }`,
      lines: [],
    },
    {
      title: 'safe: in a round over the same',
      text: `{{range service "x"}}upstream {{.ID}} { {{range service "x"}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'safe: any instance of a service that is listed',
      text: `{{range services}}upstream {{.Name}} { {{range service .Name "any"}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'the healthy ones of a service that is listed',
      text: `{{range services}}upstream {{.Name}} { {{range service .Name "passing"}}${server}{{end}} }{{end}}`,
      lines: [1],
    },
    {
      title: 'any instance of a service that may be none',
      text: `upstream x { {{range service "x" "any"}}${server}{{end}} }`,
      lines: [1],
    },
    {
      title: 'safe: asked before it is sorted',
      language: 'nunjucks',
      text: '{% if service("x") %}upstream x { {% for i in service("x") | sort %}server {{ i.endpoint }};{% endfor %} }{% endif %}',
      lines: [],
    },
    {
      title: 'safe: the servers of a site, in another order',
      language: 'nunjucks',
      text: '{% for s in sites %}upstream x { {% for i in s.upstream.servers | sort(false, false, "id") %}server {{ i.endpoint }};{% endfor %} }{% endfor %}',
      lines: [],
    },
    {
      title: 'safe: the round is left before',
      text: `{{range services}}{{if not (service .Name)}}{{continue}}{{end}}upstream x { {{range service .Name}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'safe: groups have members',
      text: `{{range $t, $s := service "x" | byTag}}upstream x-{{$t}} { {{range $s}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    {
      title: 'safe, as far as can be seen: what was counted on the way',
      text: `{{$n := 0}}{{range service "x"}}{{$n = add $n 1}}{{end}}{{if $n}}upstream x { {{range service "x"}}${server}{{end}} }{{end}}`,
      lines: [],
    },
    { title: 'unknown: an include', language: 'nginx', text: 'upstream x { include servers/*.conf; }', lines: [] },
    { title: 'unknown: lines from KV', text: 'upstream x {\n{{key "servers"}}\n}', lines: [] },
    {
      title: 'safe: the servers of a site',
      language: 'nunjucks',
      text: '{% for s in sites %}upstream x { {% for i in s.upstream.servers %}server {{ i.endpoint }};{% endfor %} }{% endfor %}',
      lines: [],
    },
    {
      title: 'safe: Nunjucks: if',
      language: 'nunjucks',
      text: '{% set s = service("x") %}{% if s.length %}upstream x { {% for i in s %}server {{ i.endpoint }};{% endfor %} }{% endif %}',
      lines: [],
    },
    {
      title: 'safe: Nunjucks: else',
      language: 'nunjucks',
      text: 'upstream x { {% for i in service("x") %}server {{ i.endpoint }};{% else %}server 127.0.0.1:9 down;{% endfor %} }',
      lines: [],
    },
    { title: 'of a plain file', language: 'nginx', text: 'upstream x { server 10.0.0.1:80; }', lines: [] },
  ])
})

const location = (next: string, servers = 'server a; server b;', target = 'x') =>
  `upstream x { ${servers} }\nserver { location / { proxy_pass http://${target};\nproxy_next_upstream ${next}; } }`

describe('failing-answers', () => {
  finds('failing-answers', [
    { title: 'http_500 among several servers', text: location('error http_500'), lines: [3] },
    {
      title: 'in a loop of servers',
      text: location('http_500', '{{range service "x"}}server {{.Address}} max_fails=3;{{end}}'),
      lines: [3],
    },
    { title: 'said for all', text: `proxy_next_upstream http_500;\n${location('error')}`, lines: [1] },
    {
      title: 'an upstream with a name from the catalog',
      text: `{{range services}}{{$n := .Name}}${location('http_500').replaceAll('upstream x', 'upstream {{.Name}}').replace('http://x', 'http://{{$n}}/')}{{end}}`,
      lines: [3],
    },
    { title: 'safe: only what cannot be reached', text: location('error timeout http_502'), lines: [] },
    {
      title: 'safe: failures are not counted',
      text: location('http_500', 'server a max_fails=0; server b max_fails=0;'),
      lines: [],
    },
    { title: 'safe: one server is never given up', text: location('http_500', 'server a;'), lines: [] },
    { title: 'unknown: an upstream of another file', text: location('http_500', undefined, 'y'), lines: [] },
  ])
})

describe('searched-answers', () => {
  finds('searched-answers', [
    { title: 'http_404 among several servers', text: location('error http_404'), lines: [3] },
    { title: 'http_403', text: location('http_403', 'server a max_fails=0; server b max_fails=0;'), lines: [3] },
    { title: 'safe: neither', text: location('error timeout http_503'), lines: [] },
    { title: 'safe: one server', text: location('http_404', 'server a;'), lines: [] },
  ])
})

describe('default-server', () => {
  const named = (name: string, listen = 'listen 80;') => `server { ${listen} server_name ${name}; }\n`
  finds('default-server', [
    {
      title: 'a server block for each service',
      text: `\n{{range services}}${named('{{.Name}}.test')}{{end}}`,
      lines: [2],
    },
    { title: 'two server blocks', language: 'nginx', text: named('a.test') + named('b.test'), lines: [1] },
    {
      title: 'no listen is port 80',
      language: 'nginx',
      text: named('a.test', '') + named('b.test', 'listen *:80;'),
      lines: [1],
    },
    {
      title: 'a default for another port',
      language: 'nginx',
      text: `${named('_', 'listen 81 default_server;')}${named('a.test')}${named('b.test')}`,
      lines: [2],
    },
    {
      title: 'a catch-all that is not the first',
      language: 'nginx',
      text: named('a.test') + named('b.test') + named('_'),
      lines: [1],
    },
    {
      title: 'safe: a default server',
      language: 'nginx',
      text: named('a.test') + named('b.test') + named('_', 'listen 80 default_server;'),
      lines: [],
    },
    {
      title: 'safe: a default server where nobody else has one',
      language: 'nunjucks',
      text: '{% if nginx.ownsDefaultServer %}server { listen {{ listen }} default_server; }{% endif %}{% for s in sites %}server { listen {{ listen }}; server_name {{ s.serverNames }}; }{% endfor %}',
      lines: [],
    },
    {
      title: 'safe: the first one takes what is left',
      language: 'nginx',
      text: named('_') + named('a.test') + named('b.test'),
      lines: [],
    },
    { title: 'safe: one server block for one service', language: 'nginx', text: named('a.test'), lines: [] },
    {
      title: 'safe: the same service on two ports',
      language: 'nginx',
      text: named('a.test') + named('a.test', 'listen 443 ssl;'),
      lines: [],
    },
    {
      title: 'no names, no hosts: stream',
      language: 'nginx',
      text: 'stream { server { listen 1; } server { listen 2; } }',
      lines: [],
    },
    {
      title: 'unknown: other files',
      language: 'nginx',
      text: `include default.conf;\n${named('a.test')}${named('b.test')}`,
      lines: [],
    },
  ])

  it('may stand in another file', () => {
    const app = { path: 'app.ctmpl', text: `{{range services}}${named('{{.Name}}')}{{end}}` }

    expect(linesOf('default-server', [app])).toEqual([1])
    expect(linesOf('default-server', [app, { path: 'd.conf', text: named('_', 'listen 80 default_server;') }])).toEqual(
      [],
    )
  })
})

describe('websocket', () => {
  const upgrade = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $c;'
  finds('websocket', [
    { title: 'no header', text: 'server { location / { proxy_pass http://x; } }', lines: [1] },
    {
      title: 'other headers take those of the server away',
      text: `server { ${upgrade} proxy_http_version 1.1;\nlocation / { proxy_pass http://x; proxy_set_header Host $host; } }`,
      lines: [2],
    },
    {
      title: 'no Connection',
      text: 'server {\nlocation / { proxy_http_version 1.1; proxy_pass http://x; proxy_set_header Upgrade $http_upgrade; } }',
      lines: [2],
    },
    { title: 'HTTP/1.0', text: `server {\nlocation / { proxy_pass http://x; ${upgrade} } }`, lines: [2] },
    {
      title: 'safe: all of it',
      text: `server { location / { proxy_pass http://x; proxy_http_version 1.1; ${upgrade} } }`,
      lines: [],
    },
    {
      title: 'safe: from the http block',
      text: `http { proxy_http_version 1.1; ${upgrade} server { location / { proxy_pass http://x; } } }`,
      lines: [],
    },
    {
      title: 'safe: for services with the tag',
      text: `server { location / { proxy_pass http://x; proxy_http_version 1.1; {{if in .Tags "ws"}}${upgrade}{{end}} } }`,
      lines: [],
    },
    {
      title: 'safe: in a location of its own',
      text: `server { location /ws { proxy_pass http://x; proxy_http_version 1.1; ${upgrade} } location / { proxy_pass http://x; } }`,
      lines: [],
    },
    {
      title: 'safe: one path, a subrequest',
      text: 'server { location = /health { proxy_pass http://x; } location /auth { internal; proxy_pass http://y; } }',
      lines: [],
    },
    {
      title: 'unknown: an include',
      text: 'server { location / { include proxy_params; proxy_pass http://x; } }',
      lines: [],
    },
    { title: 'no HTTP: stream', text: 'stream { server { listen 1; proxy_pass x; } }', lines: [] },
  ])
})

describe('client-address', () => {
  finds('client-address', [
    { title: 'no header', text: 'server { location / { proxy_pass http://x; } }', lines: [1] },
    {
      title: 'other headers',
      text: 'server { location / {\nproxy_pass http://x; proxy_set_header Host $host; } }',
      lines: [2],
    },
    {
      title: 'other headers take that of the server away',
      text: 'server { proxy_set_header X-Real-IP $remote_addr; location / {\nproxy_pass http://x; proxy_set_header Host $host; } }',
      lines: [2],
    },
    {
      title: 'safe: X-Forwarded-For',
      text: 'server { location / { proxy_pass http://x; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }',
      lines: [],
    },
    {
      title: 'safe: an address that was found elsewhere',
      text: 'server { location / { proxy_pass http://x; proxy_set_header X-Real-IP $client; } }',
      lines: [],
    },
    {
      title: 'safe: a header of another name',
      text: 'server { location / { proxy_pass http://x; proxy_set_header X-Who $remote_addr; } }',
      lines: [],
    },
    {
      title: 'safe: from the server block',
      text: 'server { proxy_set_header X-Real-IP $remote_addr; location / { proxy_pass http://x; } }',
      lines: [],
    },
    {
      title: 'safe: the address itself',
      text: 'server { location / { proxy_pass http://x; proxy_bind $remote_addr transparent; } }',
      lines: [],
    },
    {
      title: 'unknown: an include',
      text: 'server { include headers.conf; location / { proxy_pass http://x; } }',
      lines: [],
    },
  ])

  const headers =
    'proxy_set_header X-Real-IP $remote_addr;\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;'
  const inner = `{{range services}}server { listen 80; server_name {{.Name}}.flyclock.cn;\nlocation / { proxy_pass http://x;\n${headers} } }{{end}}`
  const outer = (name: string, peer: string, more = '') =>
    `upstream front { server ${peer}; }\n${more} server { listen 80; server_name ${name}; location / { proxy_pass http://front; ${headers} } }`

  it.each([
    {
      title: 'the second of two layers sends the address of the first',
      front: outer('*.flyclock.cn', '10.233.49.100:80'),
      lines: [3],
    },
    {
      title: 'safe: the first one is trusted',
      front: outer('*.flyclock.cn', '10.0.0.1', 'set_real_ip_from 10.0.0.2;'),
      lines: [],
    },
    { title: 'safe: it goes to another port', front: outer('*.flyclock.cn', '10.233.49.100:8080'), lines: [] },
    { title: 'safe: it is for other names', front: outer('*.example.org', '10.233.49.100:80'), lines: [] },
  ])('$title', ({ front, lines }) => {
    const sources = [
      { path: 'app.ctmpl', text: inner },
      { path: 'front.conf', text: front },
    ]

    expect(linesOf('client-address', sources)).toEqual(lines)
  })
})

describe('long-name', () => {
  const names = (name: string, more = '') =>
    `${more}\n{{range services}}server { listen 80; server_name ${name}; }{{end}}`
  const letters = (count: number) => 'a'.repeat(count)
  finds('long-name', [
    { title: 'names as they were registered', text: names('{{.Name}}.flyclock.cn'), lines: [2] },
    { title: 'through functions', text: names('{{.Name | toLower | split "-" | join "."}}.flyclock.cn'), lines: [2] },
    { title: 'a name that is written out', text: names(letters(47)), lines: [2] },
    {
      title: 'too long for what is given',
      text: names(letters(111), 'server_names_hash_bucket_size 128;'),
      lines: [2],
    },
    { title: 'safe: 46', text: names(letters(46)), lines: [] },
    { title: 'safe: a larger bucket', text: names(letters(110), 'server_names_hash_bucket_size 128;'), lines: [] },
    {
      title: 'safe: somebody has thought of it',
      text: names('{{.Name}}.flyclock.cn', 'server_names_hash_bucket_size 128;'),
      lines: [],
    },
    {
      title: 'safe: the name is looked at before',
      text: names('{{if lt (len .Name) 30}}{{.Name}}{{end}}.flyclock.cn'),
      lines: [],
    },
    { title: 'safe: one server block', language: 'nginx', text: `server { server_name ${letters(60)}; }`, lines: [] },
    { title: 'safe: wildcards', text: names(`*.${letters(60)} .${letters(60)} ${letters(60)}.*`), lines: [] },
    { title: 'no name: a pattern', text: names(`~^${letters(60)}$`), lines: [] },
    {
      title: 'safe: names of sites are measured',
      language: 'nunjucks',
      text: '{% for s in sites %}server { server_name {{ s.serverNames | join(" ") }}; }{% endfor %}',
      lines: [],
    },
    {
      title: 'a name from the meta',
      language: 'nunjucks',
      text: '{% for s in sites %}server { server_name {{ s.meta.host }}; }{% endfor %}',
      lines: [1],
    },
  ])
})

describe('log-per-service', () => {
  finds('log-per-service', [
    {
      title: 'a file for each service',
      text: '{{range services}}\naccess_log /var/log/nginx/{{.Name}}.log;{{end}}',
      lines: [2],
    },
    {
      title: 'errors, too',
      text: '{{range services}}\nerror_log "/var/log/nginx/{{.Name}}.log" warn;{{end}}',
      lines: [2],
    },
    {
      title: 'Nunjucks',
      language: 'nunjucks',
      text: '{% for s in sites %}access_log logs/{{ s.service }}.log;{% endfor %}',
      lines: [1],
    },
    {
      title: 'safe: one for all',
      text: '{{range services}}access_log /var/log/nginx/access.log named;{{end}}',
      lines: [],
    },
    { title: 'safe: none', text: '{{range services}}access_log off;{{end}}', lines: [] },
    {
      title: 'safe: a folder from the environment',
      text: '{{range services}}access_log {{env "LOGS"}}/access.log;{{end}}',
      lines: [],
    },
    {
      title: 'safe: the name of this node',
      text: 'access_log /var/log/{{with node}}{{.Node.Node}}{{end}}.log;',
      lines: [],
    },
    {
      title: 'safe: syslog',
      text: '{{range services}}access_log syslog:server=10.0.0.1,tag={{.Name}};{{end}}',
      lines: [],
    },
  ])
})

describe('unmet-tag', () => {
  const mesh = aCatalog(
    { name: 'api', tags: ['http'], instances: [anInstance({ meta: { mesh: 'calico' }, tags: ['http'] })] },
    { name: 'web', tags: ['v2'] },
    { name: 'a.web' },
  )
  it.each([
    { title: 'in .Tags', text: '{{range services}}\n{{if in .Tags "calico"}}a;{{end}}{{end}}', lines: [2] },
    { title: 'Contains', text: '{{range services}}\n{{if .Tags.Contains "calico"}}a;{{end}}{{end}}', lines: [2] },
    { title: 'contains', text: '{{range services}}\n{{if .Tags | contains "calico"}}a;{{end}}{{end}}', lines: [2] },
    {
      title: 'and',
      text: '{{range services}}\n{{if and (in .Tags "http") (in .Tags "calico")}}a;{{end}}{{end}}',
      lines: [2],
    },
    { title: 'a tag of one service', text: '\n{{range service "v2.api"}}a;{{end}}', lines: [2] },
    {
      title: 'Nunjucks',
      text: '{% for s in sites %}\n{% if "calico" in s.tags %}a;{% endif %}{% endfor %}',
      lines: [2],
    },
    {
      title: 'a tag that nobody thought of, for the service as a whole',
      text: '{{range services}}\n{{if in .Tags "grpc"}}server {}{{end}}{{end}}',
      lines: [2],
    },
    { title: 'safe: an option', text: '{{range services}}{{if in .Tags "grpc"}}gzip on;{{end}}{{end}}', lines: [] },
    {
      title: 'or, of which neither is there',
      text: '{{range services}}\n{{if or (in .Tags "grpc") (in .Tags "calico")}}upstream x { server a; }{{end}}{{end}}',
      lines: [2, 2],
    },
    { title: 'safe: somebody has it', text: '{{range services}}{{if in .Tags "http"}}a;{{end}}{{end}}', lines: [] },
    {
      title: 'safe: or',
      text: '{{range services}}{{if or (in .Tags "http") (in .Tags "calico")}}a;{{end}}{{end}}',
      lines: [],
    },
    { title: 'safe: not', text: '{{range services}}{{if not (in .Tags "calico")}}a;{{end}}{{end}}', lines: [] },
    { title: 'safe: it has the tag', text: '{{range service "v2.web"}}a;{{end}}', lines: [] },
    { title: 'safe: a service with a dot in its name', text: '{{range service "a.web"}}a;{{end}}', lines: [] },
    { title: 'unknown: a service that is not there', text: '{{range service "v2.new"}}a;{{end}}', lines: [] },
    {
      title: 'safe: meta',
      text: '{{range service "api"}}{{if eq .ServiceMeta.mesh "calico"}}a;{{end}}{{end}}',
      lines: [],
    },
  ])('$title', ({ text, lines }) => {
    expect(linesOf('unmet-tag', [{ path: 'app', text }], mesh)).toEqual(lines)
  })

  it('names the meta that was meant', () => {
    const [finding] = findingsIn(
      [{ path: 'app', text: '{{range services}}{{if in .Tags "calico"}}a;{{end}}{{end}}' }],
      mesh,
    )

    expect(finding?.what).toContain('no service of the 3 in the catalog carries the tag "calico"')
    expect(finding?.what).toContain('the meta of api has mesh=calico')
  })

  it('says nothing without a catalog, or of an empty one', () => {
    const source = { path: 'app', text: '{{range services}}{{if in .Tags "calico"}}a;{{end}}{{end}}' }

    expect(linesOf('unmet-tag', [source])).toEqual([])
    expect(linesOf('unmet-tag', [source], aCatalog())).toEqual([])
  })
})

describe('unquoted', () => {
  finds('unquoted', [
    { title: 'an address', text: '{{range service "x"}}\nserver {{.Address}}:{{.Port}};{{end}}', lines: [2] },
    {
      title: 'a name, through variables and functions',
      text: '{{range services}}{{$n := .Name | toLower}}\nupstream {{$n}} {}\na {{printf "x-%s" $n}};{{end}}',
      lines: [2, 3],
    },
    { title: 'whole lines', text: '{{range service "x"}}\n{{.ServiceMeta.nginx}}\n{{end}}', lines: [2] },
    {
      title: 'a name that is only asked about',
      text: '{{range services}}{{if service .Name}}\nupstream {{.Name}} {}{{end}}{{end}}',
      lines: [2],
    },
    {
      title: 'the keys of meta, and tags that groups are made by',
      text: '{{range service "x"}}{{range $k, $v := .ServiceMeta}}\na {{$k}};{{end}}{{end}}{{range $t, $s := service "x" | byTag}}\nb {{$t}};{{end}}',
      lines: [2, 3],
    },
    { title: 'safe: the numbers of a list', text: '{{range $i, $s := services}}upstream u{{$i}} {}{{end}}', lines: [] },
    {
      title: 'tags and meta of a site',
      language: 'nunjucks',
      text: '{% for s in sites %}\na {{ s.tags | join(",") }};\nb {{ s.meta.x }};{% endfor %}',
      lines: [2, 3],
    },
    {
      title: 'the name of any service',
      language: 'nunjucks',
      text: '{% for s in services %}a {{ s.name }};{% endfor %}',
      lines: [1],
    },
    { title: 'safe: in quotes', text: '{{range service "x"}}add_header X "{{.Node}} {{.Address}}";{{end}}', lines: [] },
    {
      title: 'safe: quoted',
      text: '{{range service "x"}}server {{printf "%s:%d" .Address .Port | printf "%q"}};{{end}}',
      lines: [],
    },
    {
      title: 'safe: numbers',
      text: '{{range service "x"}}server 127.0.0.1:{{.Port}} weight={{.Weights.Passing}};{{end}}',
      lines: [],
    },
    {
      title: 'safe: it fits a pattern',
      text: '{{range services}}{{if .Name | regexMatch "^[a-z-]+$"}}upstream {{.Name}} {}{{end}}{{end}}',
      lines: [],
    },
    { title: 'safe: cleaned', text: '{{range services}}a {{.Name | regexReplaceAll "[^a-z]" ""}};{{end}}', lines: [] },
    { title: 'safe: from KV and the environment', text: 'listen {{key "port"}}; a {{env "X"}};', lines: [] },
    { title: 'safe: in a comment', text: '{{range services}}# {{.Name}}\n{{end}}', lines: [] },
    {
      title: 'safe: quoted, in Nunjucks',
      language: 'nunjucks',
      text: '{% for s in sites %}a {{ s.meta.x | quote }};{% endfor %}',
      lines: [],
    },
    {
      title: 'safe: what is checked',
      language: 'nunjucks',
      text: '{% for s in sites %}upstream {{ s.upstream.name }} { {% for i in s.upstream.servers %}server {{ i.endpoint }};{% endfor %} }{% endfor %}',
      lines: [],
    },
  ])
})

describe('proxy-loop', () => {
  const front = (target: string) =>
    `server { listen 80; server_name *.flyclock.cn; location / {\nproxy_pass http://${target}; } }`
  finds('proxy-loop', [
    { title: 'a name of its own', language: 'nginx', text: front('api.flyclock.cn'), lines: [2] },
    {
      title: 'as a server of its upstream',
      language: 'nginx',
      text: `upstream x {\nserver api.flyclock.cn:80; }${front('x')}`,
      lines: [2],
    },
    { title: 'safe: an address', language: 'nginx', text: front('10.0.0.1'), lines: [] },
    { title: 'safe: another port', language: 'nginx', text: front('api.flyclock.cn:8080'), lines: [] },
    { title: 'safe: another domain', language: 'nginx', text: front('api.example.org'), lines: [] },
  ])
})

describe('a finding', () => {
  it('is switched off by its name in a comment', () => {
    const text =
      '# lint off: websocket, client-address (no browsers here)\nserver { location / { proxy_pass http://x; } }'

    expect(findingsIn([{ path: 'a.conf', text }])).toEqual([])
    expect(findingsIn([{ path: 'a.conf', text: text.replace('off', 'of') }])).toHaveLength(2)
  })

  it('is one for all lines with the same', () => {
    const text = 'server { location / {\nproxy_pass http://x; }\nlocation /y {\nproxy_pass http://y; } }'

    expect(findingsIn([{ path: 'a.conf', text }])).toMatchObject([
      { rule: 'client-address', file: 'a.conf', line: 2, also: [4] },
      { rule: 'websocket', line: 2, also: [4] },
    ])
  })

  it('has a name that no other rule has', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
  })
})
