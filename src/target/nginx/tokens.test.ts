import { describe, expect, it } from 'vitest'
import { type Directive, find, parseDirectives } from './tokens.ts'

/** `name arg arg` for each, blocks in braces: what a reader would see. */
function shown(directives: readonly Directive[]): string {
  return directives
    .map(({ name, args, block }) => {
      const words = [name, ...args].join(' ')
      return block === undefined ? words : `${words} {${shown(block)}}`
    })
    .join(', ')
}
const read = (text: string) => shown(parseDirectives(text))

describe('nginx’s syntax is read as nginx reads it', () => {
  it.each([
    { title: 'a directive', text: 'daemon off;', as: 'daemon off' },
    { title: 'several on a line', text: 'a 1;b 2 ;', as: 'a 1, b 2' },
    { title: 'one over several lines', text: 'log_format x\n  a\n\tb;', as: 'log_format x a b' },
    { title: 'blocks', text: 'http { server { listen 80; } }', as: 'http {server {listen 80}}' },
    { title: 'blocks without blanks', text: 'http{server{listen 80;}}', as: 'http {server {listen 80}}' },
    { title: 'a block that is empty', text: 'events {}', as: 'events {}' },
    { title: 'comments', text: '# a { b;\ndaemon off; # c }\nuser x;', as: 'daemon off, user x' },
    { title: 'a # inside a word', text: 'return 302 /a#b;', as: 'return 302 /a#b' },
    { title: 'double quotes', text: 'include "/etc/my conf/a;b.conf";', as: 'include /etc/my conf/a;b.conf' },
    { title: 'single quotes', text: 'return 200 \'{ "a": 1 }\';', as: 'return 200 { "a": 1 }' },
    { title: 'an escaped quote', text: 'return 200 "a\\"b;";c;', as: 'return 200 a"b;, c' },
    { title: 'an escaped blank', text: 'include a\\ b.conf;', as: 'include a\\ b.conf' },
    { title: 'an escaped semicolon', text: 'rewrite a\\;b c;', as: 'rewrite a\\;b c' },
    { title: 'a quote inside a word', text: "map a'b c;d;", as: "map a'b c, d" },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx has them, too.
    { title: 'variables with braces', text: 'set $a ${b}c;', as: 'set $a ${b}c' },
    {
      title: 'a regular expression with braces',
      text: 'location ~ "^/a{2}$" { deny all; }',
      as: 'location ~ ^/a{2}$ {deny all}',
    },
    { title: 'comments behind a quote’s end', text: 'a "b"; # "', as: 'a b' },
    { title: 'a # in quotes', text: 'a "#b"; c;', as: 'a #b, c' },
    { title: 'nothing', text: '', as: '' },
    { title: 'nothing but blanks and comments', text: ' \n# x', as: '' },
    { title: 'carriage returns', text: 'a 1;\r\nb 2;\r\n', as: 'a 1, b 2' },
  ])('$title', ({ text, as }) => {
    expect(read(text)).toBe(as)
  })

  it.each([
    { title: 'that is empty', lua: '' },
    { title: 'with braces in pairs', lua: 'local t = { a = { 1 } } if x then ngx.say("hi; there") end' },
    { title: 'with a quote nobody ends', lua: "-- it's fine\n" },
    { title: 'over several lines', lua: '\n  ngx.say("a")\n  ngx.say("b")\n' },
  ])('a Lua block $title is passed over', ({ lua }) => {
    const text = `server { content_by_lua_block {${lua}} listen 80; } include x;`

    expect(read(text)).toBe('server {content_by_lua_block {}, listen 80}, include x')
  })

  it.each([
    { title: 'in a text', lua: 'ngx.say("}")' },
    { title: 'in a comment', lua: '-- }\n' },
    { title: 'in a long text', lua: 'local s = [[ } ]]' },
  ])('a brace $title of a Lua block does not end it', ({ lua }) => {
    expect(read(`server { content_by_lua_block { ${lua} } listen 80; } include x;`)).toBe(
      'server {content_by_lua_block {}, listen 80}, include x',
    )
  })

  it.each(['http { server {', 'a "b', 'a b', 'a ${b', '}', '} a;', 'x_by_lua_block {', '\\'])(
    'what is broken ends the reading, and nothing else: %s',
    text => {
      expect(() => parseDirectives(text)).not.toThrow()
    },
  )
})

describe('a directive knows where it stands', () => {
  it('its line is the one an operator sees, also behind texts and Lua of several lines', () => {
    const text = 'a;\nb "1\n2";\nc_by_lua_block {\n\n}\nd {\n  e;\n}\nf;'

    const lines = [...parseDirectives(text)].flatMap(({ name, line, block }) => [
      `${name}:${line}`,
      ...(block ?? []).map(inner => `${inner.name}:${inner.line}`),
    ])

    expect(lines).toEqual(['a:1', 'b:2', 'c_by_lua_block:4', 'd:7', 'e:8', 'f:10'])
  })

  it('its offsets cut it out of the text, to the last brace', () => {
    const text = ' pid /run/a.pid ; http { include  "x y"; } b;'
    const cut = ({ start, end }: Directive) => text.slice(start, end)

    const directives = parseDirectives(text)

    expect(directives.map(cut)).toEqual(['pid /run/a.pid ;', 'http { include  "x y"; }', 'b;'])
    expect([...find(directives, 'include')].map(cut)).toEqual(['include  "x y";'])
  })

  it('is found however deep it stands', () => {
    const found = [...find(parseDirectives('listen 1; http { server { listen 2; } server { listen 3; } }'), 'listen')]

    expect(found.map(({ args }) => args[0])).toEqual(['1', '2', '3'])
  })
})
