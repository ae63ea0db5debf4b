import { describe, expect, it } from 'vitest'
import { parseHcl } from './hcl.ts'
import { HclError } from './hcl-tokens.ts'

const read = (text: string) => parseHcl(text).value

/** Put together, so that it is no template string by mistake. */
const dollar = '$'

describe('HCL 1 is read as consul-template reads it', () => {
  it.each([
    { title: 'an empty file', text: '', value: {} },
    { title: 'a text', text: 'a = "b"', value: { a: 'b' } },
    { title: 'a key in quotes', text: '"a" = "b"', value: { a: 'b' } },
    { title: 'a key with dots and dashes', text: 'a.b-c_d = 1', value: { 'a.b-c_d': 1 } },
    {
      title: 'numbers',
      text: 'a = 12\nb = -3\nc = 1.5\nd = 1e3\ne = 0x1F',
      value: { a: 12, b: -3, c: 1.5, d: 1000, e: 31 },
    },
    { title: 'what begins with 0 is octal', text: 'perms = 0644', value: { perms: 0o644 } },
    { title: 'truth', text: 'a = true\nb = false', value: { a: true, b: false } },
    { title: 'several on one line', text: 'a { b = 1 c = 2, d = 3 }', value: { a: { b: 1, c: 2, d: 3 } } },
    { title: 'a block', text: 'a {\n  b = 1\n}', value: { a: { b: 1 } } },
    { title: 'an object', text: 'a = { b = 1 }', value: { a: { b: 1 } } },
    { title: 'blocks in blocks', text: 'a { b { c = 1 } }', value: { a: { b: { c: 1 } } } },
    {
      title: 'a block of the same name again stays apart',
      text: 't { a = 1 }\nt { a = 2 }\nt { b = 3 }',
      value: { t: [{ a: 1 }, { a: 2 }, { b: 3 }] },
    },
    { title: 'of a key that is set again, the last one', text: 'a = 1\nb = 2\na = 3', value: { a: 3, b: 2 } },
    { title: 'a list that is set again, appended', text: 'a = [1]\na = [2]', value: { a: [1, 2] } },
    { title: 'a label', text: 'a "b" { c = 1 }', value: { a: { b: { c: 1 } } } },
    { title: 'a list', text: 'a = ["x", 1, true, ["y"], { z = 1 },]', value: { a: ['x', 1, true, ['y'], { z: 1 }] } },
    { title: 'an empty list', text: 'a = []', value: { a: [] } },
    { title: 'comments', text: '# one\n// two\na = 1 # three\n/* four\n = */ b = 2 // end', value: { a: 1, b: 2 } },
    { title: 'no line end behind a comment', text: 'a = 1\n# end', value: { a: 1 } },
    {
      title: 'escapes',
      text: String.raw`a = "q\" b\\ n\n t\t \x41\101\u00e9\U0001F600"`,
      value: { a: 'q" b\\ n\n t\t AA\u00e9\u{1F600}' },
    },
    { title: 'other alphabets', text: 'a = "grüße 世界"', value: { a: 'grüße 世界' } },
    {
      title: 'an interpolation, as it is',
      text: `a = "x ${dollar}{b("c")} \\n"`,
      value: { a: `x ${dollar}{b("c")} \n` },
    },
    { title: 'a template in quotes', text: String.raw`a = "{{ key \"x\" }}"`, value: { a: '{{ key "x" }}' } },
    {
      title: 'a heredoc',
      text: 'a = <<EOF\none\n  two "x" \\n\nEOF\nb = 1',
      value: { a: 'one\n  two "x" \\n\n', b: 1 },
    },
    { title: 'an empty heredoc', text: 'a = <<EOF\nEOF\n', value: { a: '' } },
    { title: 'the name of a heredoc inside it', text: 'a = <<EOF\nEOF x\nxEOF\nEOF\n', value: { a: 'EOF x\nxEOF\n' } },
    {
      title: 'a heredoc without its margin',
      text: 'a = <<-EOF\n    one\n      two\n    EOF\n',
      value: { a: 'one\n  two\n' },
    },
    {
      title: 'a margin that a line does not have',
      text: 'a = <<-EOF\n  one\n    two\n    EOF\n',
      value: { a: '  one\n    two\n' },
    },
    { title: 'a heredoc whose end is indented', text: 'a = <<EOF\none\n  EOF\n', value: { a: 'one\n  ' } },
    {
      title: 'a heredoc in a block',
      text: 't {\n  a = <<EOH\nx\n  EOH\n  b = 1\n}',
      value: { t: { a: 'x\n  ', b: 1 } },
    },
    {
      title: 'the line ends of another system',
      text: 'a = <<EOF\r\none\r\nEOF\r\nb = 1\r\n',
      value: { a: 'one\n', b: 1 },
    },
    { title: 'a byte order mark', text: '\uFEFFa = 1', value: { a: 1 } },
  ])('$title', ({ text, value }) => {
    expect(read(text)).toEqual(value)
  })
})

describe('what cannot be read is told with its line', () => {
  it.each([
    { title: 'a text that does not end', text: 'a = 1\nb = "x\n', says: '2: a string does not end on its line' },
    { title: 'a heredoc that does not end', text: 'a = 1\nb = <<EOF\nx\n', says: '2: the heredoc <<EOF does not end' },
    { title: 'a heredoc without a name', text: 'b = <<\nx\n', says: '1: a heredoc begins with <<NAME' },
    {
      title: 'a block that does not end',
      text: 'a = 1\nb {\n c = 1\n',
      says: '2: a block that begins with { does not end',
    },
    {
      title: 'a comment that does not end',
      text: 'a = 1\n/* b',
      says: '2: a comment that begins with /* does not end',
    },
    { title: 'a value that is missing', text: 'a =\n', says: '2: expected a value, found the end of the file' },
    { title: 'a text without quotes', text: 'a = b', says: '1: expected a value, found "b"; texts stand in quotes' },
    { title: 'a key without a value', text: 'a\n}', says: '2: after "a" expected = or {, found "}"' },
    { title: 'two keys before =', text: 'a b = 1', says: '1: after "a b" expected = or {, found "="' },
    { title: 'a brace too many', text: 'a = 1\n}\n', says: '2: expected a key, found "}"' },
    { title: 'a comma missing in a list', text: 'a = ["x"\n"y"]', says: '2: in a list expected , or ], found "y"' },
    { title: 'a number that is not octal', text: 'a = 0689', says: '1: 0689 begins with 0 and is no octal number' },
    { title: 'an unknown escape', text: 'a = "\\d+"', says: '1: \\d is no escape of HCL' },
    { title: 'an escape that is cut off', text: 'a = "\\x4"', says: '1: \\x is no escape of HCL' },
    { title: 'a sign from elsewhere', text: "a = 'b'", says: `1: unexpected "'"` },
  ])('$title', ({ text, says }) => {
    try {
      read(text)
    } catch (error) {
      if (!(error instanceof HclError)) throw error
      expect(`${error.line}: ${error.message}`).toContain(says)
      return
    }
    expect.unreachable()
  })
})

describe('everything has its line', () => {
  const text = [
    'a = 1', // 1
    'consul {', // 2
    '  address = "x"', // 3
    '}',
    'template {', // 5
    '  source = "s"', // 6
    '}',
    'template {', // 8
    '  wait { min = "x" }', // 9
    '}',
    'consul { token = "t" }', // 11
    'list = [', // 12
    '  "x",', // 13
    '  { y = 1 },', // 14
    ']',
    'doc = <<EOF', // 16
    'x',
    'EOF',
    'z = 1', // 19
  ].join('\n')

  it.each([
    { path: ['a'], line: 1 },
    { path: ['consul', 'address'], line: 3 },
    { path: ['consul', 'token'], line: 11 },
    { path: ['template', 0, 'source'], line: 6 },
    { path: ['template', 0, 'destination'], line: 5 },
    { path: ['template', 1, 'wait', 'min'], line: 9 },
    { path: ['list', 0], line: 13 },
    { path: ['list', 1, 'y'], line: 14 },
    { path: ['doc'], line: 16 },
    { path: ['z'], line: 19 },
    { path: [], line: 1 },
  ])('$path stands on line $line', ({ path, line }) => {
    expect(parseHcl(text).lineOf(path)).toBe(line)
  })

  it('one block alone is found as the first of a list', () => {
    expect(parseHcl('\ntemplate {\n  perms = 1\n}').lineOf(['template', 0, 'perms'])).toBe(3)
  })
})
