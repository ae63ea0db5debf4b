import { describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { RenderedFile } from '../../model/generation.ts'
import { breakoutsIn, clashesIn, serviceAt } from './attribute.ts'

/** «web:a» is the text `a`, printed from the data of service `web`. */
function fileOf(marked: string): RenderedFile {
  let text = ''
  const spans = marked.split(/[«»]/).flatMap((part, position) => {
    const [service, value] = position % 2 === 1 ? part.split(/:(.*)/s) : []
    const start = text.length
    text += value ?? part
    return value === undefined ? [] : [{ start, end: text.length, service }]
  })
  return { path: 'conf.d/app.conf', text, pieces: [{ text, spans }] }
}

describe('a line belongs to the service', () => {
  const file = fileOf(
    [
      'map $host $size {', // 1
      '  «api:api.test» «api:5m»;', // 2
      '  «web:web.test» «web:7m»;', // 3
      '}', // 4
      'upstream «api:api» {', // 5
      '  server «api:10.0.0.1:80»;', // 6
      '}', // 7
      'server { listen 80; server_name «web:web.test»;', // 8
      '  location / {', // 9
      '    gzip on;', // 10
      '  }', // 11
      '}', // 12
      'server { listen 81; }', // 13
    ].join('\n'),
  )

  it.each([
    [2, 'api', 'whose data stands in its directive'],
    [3, 'web', 'whose data stands in its directive'],
    [6, 'api', 'whose data stands in its directive'],
    [10, 'web', 'whose data stands in the nearest block with data'],
    [12, 'web', 'whose block ends there'],
    [1, undefined, 'nobody, when the data is of several'],
    [13, undefined, 'nobody, when there is no data'],
    [99, undefined, 'nobody, behind the end'],
  ])('line %i: %s, %s', (line, service, _why) => {
    expect(serviceAt(file, line)).toBe(service)
  })
})

it('data that is more than an argument is told with its place, its value and its service', () => {
  const file = fileOf('server {\n  add_header X "«web:a"; }»";\n}\n')

  expect(breakoutsIn([file])).toEqual([
    {
      severity: 'error',
      message: 'the value "a\\"; }" would be more than an argument: it holds ", inside double quotes',
      file: 'conf.d/app.conf',
      line: 2,
      service: 'web',
    },
  ])
})

it('of each service only the first is told, with its line', () => {
  const file = fileOf('server {\n  gzip «web:a b»;\n  gzip «web:c d»;\n  gzip «api:e f»;\n}\n')

  expect(breakoutsIn([file]).map(({ line, service }) => [line, service])).toEqual([
    [2, 'web'],
    [4, 'api'],
  ])
})

describe('a server name that nginx warns of', () => {
  const warned = (name: string): Diagnostic[] => [
    { severity: 'warning', message: `conflicting server name "${name}" on 0.0.0.0:80, ignored` },
  ]
  const block = (service: string, name: string) =>
    `server { server_name ${name}; proxy_pass http://«${service}:${service}»; }`

  it('is held against all services but the first that has it', () => {
    const file = fileOf([block('b-c', 'b.c.test'), block('a', 'a.test'), block('b.c', 'B.C.test'), ''].join('\n'))

    expect(clashesIn([file], warned('b.c.test'))).toEqual([
      {
        severity: 'error',
        message: 'conflicting server name "b.c.test" on 0.0.0.0:80: services "b-c" and "b.c" have it',
        file: file.path,
        line: 3,
        service: 'b.c',
      },
    ])
  })

  it.each([
    ['a service gives itself twice', [block('a', 'a.test'), block('a', 'a.test')]],
    ['the template writes itself', ['server { server_name a.test; }', block('a', 'a.test')]],
    ['several services share', [block('a', 'a.test»«b:b'), block('a', 'a.test')]],
    ['another file has, too', [block('a', 'a.test')]],
  ])('is nobody’s fault here when it is one that %s', (_who, lines) => {
    expect(clashesIn([fileOf(lines.join('\n'))], warned('a.test'))).toEqual([])
  })
})
