import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { queryId } from '../../src/model/query.ts'
import { record } from '../../src/render/asking.ts'
import { goLanguage } from '../../src/render/gotmpl/index.ts'
import { unsafeEffects } from '../../src/render/gotmpl/unsafe.ts'
import { aView } from '../support/builders.ts'
import { rendered } from '../support/gotmpl.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-effects-'))
  file = join(folder, 'file')
  writeFileSync(file, 'before')
  chmodSync(file, 0o600)
})

afterEach(() => rmSync(folder, { recursive: true }))

const render = (template: string) => rendered(template, { effects: unsafeEffects })
const written = (path: string, rest: string) => render(`{{ "after" | writeToFile "${path}" ${rest} }}`)
const modeOf = (path: string) => statSync(path).mode & 0o7777

/** What the tests of consul-template 0.42.1 ask of it (Test_writeToFile, Test_writeToFile_symlink_rejection). */
describe('writeToFile writes what consul-template writes', () => {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()]

  it.each([
    { rest: '"" "" "0644"', text: 'after' },
    { rest: '"" "" "0666"', text: 'after', mode: 0o666 },
    { rest: '"" "" "0644" "append"', text: 'beforeafter' },
    { rest: '"" "" "0644" "newline"', text: 'after\n' },
    { rest: '"" "" "0644" "append,newline"', text: 'beforeafter\n' },
    { rest: `"${uid}" "${gid}" "0644"`, text: 'after' },
    { rest: `"" "${gid}" "0644"`, text: 'after' },
    { rest: `"${uid}" "" "0644"`, text: 'after' },
  ])('$rest', ({ rest, text, mode = 0o644 }) => {
    expect(written(file, rest)).toMatchObject({ output: '' })

    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(modeOf(file)).toBe(mode)
  })

  it('into folders that it makes', () => {
    const path = join(folder, 'demo/deep/testing.tmp')

    expect(written(path, '"" "" "0644"')).toMatchObject({ output: '' })

    expect(readFileSync(path, 'utf8')).toBe('after')
  })

  it.each(['', '"append"'])('never through a link to a file %s', flags => {
    const link = join(folder, 'link')
    symlinkSync(file, link)

    const { error } = written(link, `"" "" "0644" ${flags}`)

    expect(error).toContain(`error calling writeToFile: writeToFile: refusing to write to symlink "${link}"`)
    expect(readFileSync(file, 'utf8')).toBe('before')
  })

  it('never through a link to a folder', () => {
    mkdirSync(join(folder, 'real'))
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    const path = join(folder, 'link/file')

    const { error } = written(path, '"" "" "0644"')

    expect(error).toContain(`writeToFile: refusing to write through symlinked directory in path "${path}"`)
  })

  it('or says in its words why not', () => {
    expect(written(`${file}/x`, '"" "" "0644"').error).toMatch(
      /: mkdir .*\/file: (file already exists|not a directory)/,
    )
    expect(written(folder, '"" "" "0644"').error).toContain(`error calling writeToFile: open ${folder}: `)
    expect(written(file, '"nobody-of-that-name" "" "0644"').error).toContain('nobody-of-that-name')
  })
})

describe('file in a sandbox', () => {
  const read = (path: string, known: ReadonlyMap<string, string> = new Map()) => {
    const usual = { leftDelimiter: undefined, rightDelimiter: undefined, failsOnMissingKey: false, denied: [] }
    const options = { ...usual, sandbox: folder, allowsUnsafe: false }
    const template = goLanguage.compile({ path: '/t.ctmpl', text: `{{ file "${path}" }}`, options })
    return template.render(aView(), record(aView(), known)).text
  }

  it('is what the path leads to, not what it led to when a link was read', () => {
    const link = join(folder, 'link')
    symlinkSync(file, link)

    const text = read(
      link,
      new Map([
        [queryId({ kind: 'file', path: link }), 'secret'],
        [queryId({ kind: 'file', path: file }), 'safe'],
      ]),
    )

    expect(text).toBe('safe')
  })

  it('is refused in the words of consul-template', () => {
    symlinkSync('/etc/hostname', join(folder, 'out'))

    expect(() => read(join(folder, 'out'))).toThrow(`'${folder}/out' is outside of sandbox`)
    expect(() => read(join(folder, 'none'))).toThrow(
      `error calling file: failed to resolve target path: lstat ${folder}/none: no such file or directory`,
    )
  })
})

describe('plugin runs a program as consul-template does', () => {
  it('and gives what it prints', () => {
    expect(render('{{ "1" | plugin "echo" }}')).toMatchObject({ output: '1' })
  })

  it.each([
    { template: '{{ plugin "/no/such/bin" }}', why: 'fork/exec /no/such/bin: no such file or directory' },
    { template: '{{ plugin "no-such-bin" }}', why: 'exec: "no-such-bin": executable file not found in $PATH' },
    { template: '{{ plugin "/" }}', why: 'fork/exec /: permission denied' },
    { template: '{{ plugin "sh" "-c" "echo o; echo e >&2; exit 3" }}', why: 'exit status 3', out: 'o\n', err: 'e\n' },
  ])('or says in its words why not: $why', ({ template, why, out = '', err = '' }) => {
    expect(render(template).error).toMatch(
      new RegExp(`error calling plugin: exec "[^"]+": ${escaped(why)}\n\nstdout:\n\n${out}\n\nstderr:\n\n${err}$`),
    )
  })
})

function escaped(text: string): string {
  return text.replace(/[$/]/g, '\\$&')
}
