// biome-ignore-all lint/suspicious/noTemplateCurlyInString: nginx writes its variables like that
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Piece, printed, type Span, spansOf } from '../../model/generation.ts'
import { breakoutsOf } from './output-check.ts'

/** What stands between « and » is data. */
function check(marked: string): string[] {
  const spans: Span[] = []
  let text = ''
  for (const [position, part] of marked.split(/[«»]/).entries()) {
    if (position % 2 === 1) spans.push({ start: text.length, end: text.length + part.length, service: 'web' })
    text += part
  }
  return breakoutsOf([{ text, spans }]).map(({ value, why }) => `${JSON.stringify(value)} ${why}`)
}

describe('data stays inside an argument', () => {
  it.each([
    'server «10.0.0.1:80» weight=«5»;',
    'server_name «a.b» «c.d»;',
    'add_header X "«a b; { } # \'»";',
    "add_header X '«a b; { } # \"»';",
    'add_header X a«"\'#»b;',
    '# service «; } server { $x "»\nserver {}',
    'map $host $to { «a.b» «c»; "«d e»" f; default g; }',
    'upstream «web» { server «1.2.3.4:5»; }',
    'server { listen 80; # «x»\n server_name «x»; }',
    'location ~ ^/${«x»}$ { return 200 "\\"«y»"; }',
    'set $a \\"«x»;',
    'content_by_lua_block { local s = "«web.x:80»" -- don\'t }\n }\nserver { server_name «a»; }',
    'add_header X "«»";',
    'add_header X «a\u00a0b»;',
    'location ~ ^/«a» { proxy_set_header X «~b»; }',
    'map $a $b { ~^«a~b» «~c»; }',
    'set_by_lua $a \'return "«web.x:80»"\';',
    'add_header X "«é 漢字 😀»";',
  ])('%s', text => {
    expect(check(text)).toEqual([])
  })
})

describe('data that is more than that is told', () => {
  it.each([
    ['server «10.0.0.1:80; }»;', '"10.0.0.1:80; }" holds ;, outside quotes'],
    ['server_name a« »b;', '" " holds a blank, outside quotes'],
    ['server_name a« »"b";', '" " holds a blank, outside quotes'],
    ['server_name «a b»;', '"a b" holds a blank, outside quotes'],
    ['add_header X "«a"b»";', '"a\\"b" holds ", inside double quotes'],
    ["add_header X '«a'b»';", '"a\'b" holds \', inside single quotes'],
    ['add_header X "«a\\»";', '"a\\\\" holds \\, inside double quotes'],
    ['add_header X "«$host»";', '"$host" holds $, inside double quotes'],
    ['add_header X «"»;', '"\\"" holds ", outside quotes'],
    ['add_header X «#»;', '"#" holds #, outside quotes'],
    ['# «a\nb»', '"a\\nb" holds a control character'],
    ['add_header X "«a\nb»";', '"a\\nb" holds a control character'],
    ['server { «gzip» on; }', '"gzip" would be the name of a directive'],
    ['server { "«gzip»" on; }', '"gzip" would be the name of a directive'],
    ['proxy_«x» on;', '"x" would be the name of a directive'],
    ['map $a $b { «include» /etc/passwd; }', '"include" means something of its own in this block'],
    ['map $a $b { inc«lude» /etc/passwd; }', '"lude" means something of its own in this block'],
    ['map $a $b { "«default»" x; }', '"default" means something of its own in this block'],
    ['map $a $b { «a;b» c; }', '"a;b" holds ;, outside quotes'],
    ['content_by_lua_block { local s = "«"..os.exit()»" }', '"\\"..os.exit()" would be Lua code'],
    ['content_by_lua \'ngx.say("«"..os.exit()..""»")\';', '"\\"..os.exit()..\\"\\"" would be code, in content_by_lua'],
    ['perl_set $a \'sub { "«".exit."»" }\';', '"\\".exit.\\"" would be code, in perl_set'],
    ['add_header X "a"«)b»;', '")b" stands right behind a closing quote'],
    ['map $a ${{ x; «deny» all;', '"deny" would be the name of a directive'],
    ['set $a b\f"; «deny» all;', '"deny" would be the name of a directive'],
    ['location «~.» { }', '"~." would be a regular expression'],
    ['server_name a "«~.»";', '"~." would be a regular expression'],
    ['map $a $b { «~*.» x; }', '"~*." would be a regular expression'],
    ['map $a $b { x y; }\n«deny» all;', '"deny" would be the name of a directive'],
    ['"a«»" b; «x» c;', '"x" would be the name of a directive'],
  ])('%s', (text, told) => {
    expect(check(text)).toEqual([told])
  })

  it('every one of them, and after one the next is still seen as nginx would', () => {
    expect(check('add_header X "«a";}»"; server_name «b c»;')).toHaveLength(2)
  })
})

it('a brace too many does not hide in which block a value stands', () => {
  expect(check('}\nmap $a $b {\n«default» x;\n}\n«x» y;')).toEqual([
    '"default" means something of its own in this block',
    '"x" would be the name of a directive',
  ])
})

describe('a text in pieces', () => {
  const words = ['a', 'server', ';', '{', '}', '\n', ' ', '"', "'", '#', '\\', '$x', 'map', 'listen 80;', 'x{y z;}']
  const piece = fc
    .array(fc.record({ text: fc.constantFrom(...words), isData: fc.boolean() }), { maxLength: 6 })
    .map(parts => {
      const spans: Span[] = []
      let text = ''
      for (const part of parts) {
        if (part.isData) spans.push({ start: text.length, end: text.length + part.text.length, service: 'web' })
        text += part.text
      }
      return { text, spans }
    })

  it('has the breakouts that it has as a whole', () => {
    const check = (pieces: readonly Piece[]) => {
      const whole = { text: printed(pieces).text, spans: spansOf(pieces) }
      expect(breakoutsOf(pieces)).toEqual(breakoutsOf([whole]))
    }
    fc.assert(fc.property(fc.array(piece, { maxLength: 5 }), check), { numRuns: 20_000, seed: 1 })
  })

  it.each([
    ['in an argument', 'listen ', '80;'],
    ['in a comment', '# ', 'listen 80;\n'],
    ['glued to a word', 'x', 'listen 80;'],
    ['in quotes', '"', 'listen 80;'],
  ])('that is %s where it stands is read where it stands', (_, before, text) => {
    const data = { text, spans: [{ start: 0, end: text.length, service: 'web' }] }

    expect(breakoutsOf([{ text: before, spans: [] }, data])).not.toEqual([])
  })
})
