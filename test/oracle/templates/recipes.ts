import { expression, operand } from './expressions.ts'
import { key, nodeName, prefix, quoted, serviceName, serviceQuery } from './queries.ts'
import type { Kind, Scope } from './scope.ts'
import { statements } from './statements.ts'

type Recipe = (scope: Scope) => string

const query = (scope: Scope) => quoted(serviceQuery(scope), scope)
const tag = ({ world, chance }: Scope) => JSON.stringify(chance.pick(world.tags))
const meta = ({ world, chance }: Scope) => JSON.stringify(chance.pick(world.metaKeys))
const inside = (dot: Kind, scope: Scope) => statements({ ...scope, dot, depth: 2 }, 2)

/** What people write for consul-template, with something of their own in it. */
export const recipes: readonly Recipe[] = [
  scope => `{{ range services }}{{ if in .Tags ${tag(scope)} }}
upstream {{ .Name }} {
  {{- range service .Name }}
  server {{ .Address }}:{{ .Port }} max_fails=3;{{ ${expression('any', { ...scope, dot: 'instance' })} }}
  {{- else }}
  server 127.0.0.1:65535; # nobody
  {{- end }}
}{{ end }}{{ end }}`,
  scope => `{{- range $service := services -}}
{{- $name := $service.Name -}}
{{- range $i, $instance := service (printf "%s|any" $name) }}
{{ $i }} {{ $name | toLower | replaceAll "-" "." }} {{ $instance.Address }}:{{ .Port }} {{ .Status }} {{ with index .ServiceMeta ${meta(scope)} }}{{ . }}{{ end }}
${inside('instance', scope)}
{{- end -}}
{{- end }}`,
  scope => `{{ range $tag, $services := ${scope.chance.pick(['services', `service ${query(scope)}`])} | byTag }}{{ $tag }}:
{{ range $services }}  {{ .Name }}{{ end }}{{ end }}`,
  scope => `{{ range $key, $instances := service ${query(scope)} | byMeta ${quoted(`${scope.chance.pick(scope.world.metaKeys)}${scope.chance.pick(['', '|int', ',zone'])}`, scope)} }}
{{ $key }}{{ range $instances }} {{ .ID }}{{ end }}{{ end }}`,
  scope =>
    `{{ range $port, $instances := service ${query(scope)} | byPort }}{{ $port }}={{ len $instances }} {{ end }}`,
  scope =>
    `{{ with service ${query(scope)} }}{{ with index . 0 }}{{ .Node }} {{ .Address }}${inside('instance', scope)}{{ end }}{{ else }}none{{ end }}`,
  scope =>
    `{{ if service ${query(scope)} }}{{ len (service ${query(scope)}) }} alive{{ else if keyExists ${quoted(key(scope), scope)} }}key{{ else }}dead{{ end }}`,
  scope => `{{ range service ${query(scope)} "any" }}{{ .Address }}:{{ .Port }} weight={{ .Weights.Passing }}{{ if .Tags | contains ${tag(scope)} }} backup{{ end }}{{ range .Checks }} {{ .CheckID }}={{ .Status }} {{ .Output }}{{ end }};
{{ end }}`,
  scope => `{{ range tree ${quoted(prefix(scope), scope)} }}
{{ .Key }}={{ .Value }} {{ .Path }}${inside('pair', scope)}{{ end }}`,
  scope => `{{ range $key, $pairs := tree ${quoted(prefix(scope), scope)} | byKey }}{{ $key }}:
{{ range $pair := $pairs }}  {{ .Key }}: {{ .Value | toJSON }}
{{ end }}{{ end }}`,
  scope =>
    `{{ with tree ${quoted(prefix(scope), scope)} | explode }}{{ . | ${scope.chance.pick(['toJSON', 'toJSONPretty', 'toYAML', 'toTOML'])} }}{{ end }}`,
  scope =>
    `{{ range ls ${quoted(prefix(scope), scope)} }}{{ .Key }}:{{ .Value | parseBool }} {{ else }}nothing{{ end }}`,
  scope =>
    `{{ with $json := keyOrDefault ${quoted(key(scope), scope)} "{}" | parseJSON }}{{ range $k, $v := $json }}{{ $k }}={{ $v }} {{ end }}{{ $json.a }}{{ end }}`,
  scope =>
    `{{ $config := key ${quoted(key(scope), scope)} | parseYAML }}{{ $config | toYAML }}{{ range $k, $v := $config }}{{ $k }}{{ $v | printf "%T" }}{{ end }}`,
  scope => `{{ range nodes }}{{ .Node }} {{ .Address }} {{ .Datacenter }}{{ with node .Node }}{{ range .Services }}
  {{ .Service }} {{ .ID }}:{{ .Port }} {{ .Tags | join "," }}{{ end }}{{ end }}${inside('node', scope)}
{{ end }}`,
  scope =>
    `{{ with node ${quoted(nodeName(scope), scope)} }}{{ if .Node }}{{ .Node.Node }} {{ .Node.Meta | toJSON }}{{ range .Services }}${inside('nodeService', scope)}{{ end }}{{ else }}no such node{{ end }}{{ end }}`,
  scope => `{{ range service ${query(scope)} }}{{ scratch.MapSet "seen" .Node .ID }}{{ scratch.MapSetX "first" .Name ${operand('text', { ...scope, dot: 'instance' })} }}{{ end }}
{{ range scratch.MapValues "seen" }}{{ . }},{{ end }}{{ scratch.Get "first" | toJSON }}`,
  scope => `{{ define "server" }}server {{ .Address }}:{{ .Port }};{{ end }}{{ range service ${query(scope)} }}{{ template "server" . }}
{{ end }}{{ with service ${query(scope)} }}{{ executeTemplate "server" (index . 0) | toUpper }}{{ end }}`,
  scope =>
    `{{ $count := 0 }}{{ range services }}{{ if not (in .Tags ${tag(scope)}) }}{{ continue }}{{ end }}{{ $count = add $count 1 }}{{ if gt $count 2 }}{{ break }}{{ end }}{{ .Name }} {{ end }}{{ $count }}`,
  scope =>
    `{{ $seen := sprig_dict }}{{ range services }}{{ range .Tags }}{{ $_ := sprig_set $seen . ${operand('any', scope)} }}{{ end }}{{ end }}{{ range sprig_keys $seen | sprig_sortAlpha }}{{ . }} {{ end }}`,
  () => `{{ range services }}{{ range .Tags }}{{ if . | regexMatch "^[\\\\w.-]+=" }}{{ $pair := . | split "=" }}{{ index $pair 0 }} -> {{ index $pair 1 }}
{{ end }}{{ if . | sprig_hasPrefix "urlprefix-" }}{{ . | trimPrefix "urlprefix-" }}{{ end }}{{ end }}{{ end }}`,
  scope =>
    `{{ range $i := loop ${scope.chance.below(4)} }}{{ $i }} {{ end }}{{ range loop 1 3 }}${statements({ ...scope, depth: 2, dot: 'int' }, 2)}{{ end }}`,
  scope =>
    `{{ range loop 1 (${expression('int', scope)} | printf "%d" | len) }}{{ . }}{{ end }}{{ range $i, $e := split "," "a,b" }}{{ $i }}{{ $e }}{{ end }}`,
  scope =>
    `location / { proxy_set_header X-Zone "{{ env "ZONE" }}"; {{ envOrDefault "NOPE" ${operand('text', scope)} }}; {{ mustEnv ${scope.chance.pick(['"ZONE"', '"NOPE"'])} }} }`,
  scope =>
    `{{ $services := service ${query(scope)} }}{{ if gt (len $services) 1 }}{{ with index $services 1 }}{{ .ServiceMeta }} {{ .NodeMeta }} {{ .ServiceTaggedAddresses }} {{ .Weights }}{{ end }}{{ end }}{{ $services | toJSON }}`,
  scope =>
    `{{ service ${query(scope)} | ${scope.chance.pick(['toYAML', 'toJSONPretty', 'sprig_first | toJSON', 'byTag | toJSON', 'byPort | len', 'printf "%v"'])} }}`,
  scope =>
    `{{ services | ${scope.chance.pick(['toYAML', 'toJSON', 'byTag | toJSON', 'printf "%v"', 'sprig_reverse | toJSON', 'len', 'sprig_last | toJSON'])} }} ${expression('text', scope)}`,
  scope =>
    `{{ ${scope.chance.pick(['nodes', `node ${quoted(nodeName(scope), scope)}`, 'datacenters', 'datacenters true', `tree ${quoted(prefix(scope), scope)}`])} | ${scope.chance.pick(['toYAML', 'toJSON', 'toJSONPretty'])} }}`,
  scope =>
    `{{ range service ${quoted(serviceName(scope), scope)} }}{{ with .ServiceMeta.version }}{{ if sprig_semverCompare ">=1.2" . }}new{{ else }}old{{ end }}{{ end }}{{ end }}`,
]
