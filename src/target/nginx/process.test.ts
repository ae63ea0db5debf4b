import { describe, expect, it } from 'vitest'
import type { Process } from '../../proc.ts'
import { assess, decide, type Evidence, generationsOf } from './process.ts'

const conf = '/etc/nginx/nginx.conf'
const master = (pid: number, given: Partial<Process> & { conf?: string } = {}): Process => ({
  pid,
  parent: 1,
  session: pid,
  startTime: `${pid * 10}`,
  isStopped: false,
  command: `nginx: master process /usr/sbin/nginx -c ${given.conf ?? conf}`,
  ...given,
})
const worker = (pid: number, parent: number, session = parent, command = 'nginx: worker process'): Process => ({
  pid,
  parent,
  session,
  startTime: `${pid * 10}`,
  isStopped: false,
  command,
})
const evidence = (given: Partial<Evidence> = {}): Evidence => ({
  conf,
  compiledIn: '/usr/local/nginx/conf/nginx.conf',
  prefix: '/usr/local/nginx',
  pidFile: undefined,
  isPidFileShared: true,
  recorded: undefined,
  processes: [],
  folderOf: () => '/',
  listeningOf: () => [],
  ...given,
})
const running = (pid: number) => ({ state: 'running', master: { pid, startTime: `${pid * 10}` } })

describe('nginx runs when a master with our configuration is there', () => {
  it('and its pid file names it', () => {
    expect(assess(evidence({ pidFile: '100\n', processes: [master(100), worker(101, 100)] }))).toEqual(running(100))
  })

  it('and its pid file is missing', () => {
    expect(assess(evidence({ processes: [master(100)] }))).toEqual(running(100))
  })

  it.each(['', '\n', 'abc', '0', '-1', '999'])('and its pid file says %j', pidFile => {
    expect(assess(evidence({ pidFile, processes: [master(100)] }))).toEqual(running(100))
  })

  it('and its pid file names another nginx', () => {
    const processes = [master(200, { conf: '/srv/other.conf' }), master(100)]

    expect(assess(evidence({ pidFile: '200', processes }))).toEqual(running(100))
  })

  it('and it was started without -c, from the compiled-in configuration', () => {
    const plain = master(100, { command: 'nginx: master process nginx -g daemon off;' })

    expect(assess(evidence({ compiledIn: conf, processes: [plain] }))).toEqual(running(100))
    expect(assess(evidence({ processes: [plain] }))).toEqual({ state: 'absent' })
  })

  it('and it was started with -c glued to its value', () => {
    expect(
      assess(evidence({ processes: [master(100, { command: `nginx: master process nginx -c${conf}` })] })),
    ).toEqual(running(100))
  })

  it('a worker is no master, whatever its session', () => {
    expect(assess(evidence({ processes: [worker(101, 100)] }))).toEqual({ state: 'absent' })
  })
})

describe('of several masters with our configuration', () => {
  const processes = [master(100), master(300), master(200)]

  it('the one we know of is meant, whatever the pid file says', () => {
    const recorded = { pid: 100, startTime: '1000' }

    expect(assess(evidence({ pidFile: '300', recorded, processes }))).toEqual(running(100))
  })

  it('else the one the pid file names', () => {
    expect(assess(evidence({ pidFile: '200', processes }))).toEqual(running(200))
  })

  it('else the youngest', () => {
    expect(assess(evidence({ processes }))).toEqual(running(300))
  })

  it('a recycled pid is not the one we know of', () => {
    const recorded = { pid: 100, startTime: '7' }

    expect(assess(evidence({ pidFile: '200', recorded, processes }))).toEqual(running(200))
  })
})

describe('nothing runs', () => {
  it('and there is no pid file', () => {
    expect(assess(evidence())).toEqual({ state: 'absent' })
  })

  it.each([
    { title: 'a process that is gone', pidFile: '100\n', pid: 100 },
    { title: 'nobody, as `nginx -t` leaves it', pidFile: '', pid: undefined },
    { title: 'garbage', pidFile: 'abc', pid: undefined },
    { title: 'process 0, which would be our own group', pidFile: '0', pid: 0 },
  ])('but a pid file names $title: stale', ({ pidFile, pid }) => {
    expect(assess(evidence({ pidFile }))).toEqual({ state: 'stale_pid', pid })
  })

  it('but a pid file that is ours alone names an nginx of somebody else: stale, the pid was recycled', () => {
    const processes = [master(100, { conf: '/srv/other.conf' })]

    expect(assess(evidence({ pidFile: '100', isPidFileShared: false, processes }))).toEqual({
      state: 'stale_pid',
      pid: 100,
    })
  })
})

it('a pid file that others may use, too, names an nginx with another configuration: foreign', () => {
  const other = master(100, { conf: '/srv/other.conf' })

  expect(assess(evidence({ pidFile: '100', processes: [other] }))).toEqual({
    state: 'foreign',
    pid: 100,
    command: other.command,
  })
})

describe('the master died and its workers live on', () => {
  const workers = [worker(101, 1, 100), worker(102, 1, 100, 'nginx: worker process is shutting down')]
  const orphaned = { state: 'orphaned', workers: [101, 102] }

  it('they are known by the session of the master we started', () => {
    expect(assess(evidence({ recorded: { pid: 100, startTime: '1000' }, processes: workers }))).toEqual(orphaned)
  })

  it('or by the one the pid file names', () => {
    expect(assess(evidence({ pidFile: '100', processes: workers }))).toEqual(orphaned)
  })

  it('workers of somebody else’s living master are not touched', () => {
    const others = [master(200, { conf: '/srv/other.conf' }), worker(201, 200, 100)]

    expect(assess(evidence({ pidFile: '100', processes: others }))).toEqual({ state: 'stale_pid', pid: 100 })
  })

  it('so are those of another session that listen on a socket of theirs: they were forked a moment before he died', () => {
    const processes = [worker(101, 1, 90), worker(102, 1, 90), worker(103, 1, 90), master(200), worker(201, 200)]
    const listens: Record<number, string[]> = { 101: ['7', '8'], 102: ['8'], 103: ['9'], 201: ['8'] }
    const recorded = { pid: 100, startTime: '1000', workers: [{ pid: 101, startTime: '1010' }] }
    const found = assess(evidence({ conf: '/srv/mine.conf', recorded, processes, listeningOf: pid => listens[pid] }))

    expect(found).toEqual({ state: 'orphaned', workers: [101, 102] })
  })

  it('workers of another session are not touched', () => {
    expect(assess(evidence({ pidFile: '100', processes: [worker(301, 1, 300)] }))).toEqual({
      state: 'stale_pid',
      pid: 100,
    })
  })

  it.each(['0', '1', ''])('a pid file that says %j makes nobody’s workers ours', pidFile => {
    const strangers = [worker(50, 1, 0), worker(51, 1, 1)]

    expect(assess(evidence({ pidFile, processes: strangers }))).toMatchObject({ state: 'stale_pid' })
  })
})

describe('what to do', () => {
  it.each([
    { state: { state: 'absent' }, what: 'start' },
    { state: { state: 'stale_pid', pid: 100 }, what: 'start' },
    { state: { state: 'orphaned', workers: [101] }, what: 'start' },
    { state: { state: 'running', master: { pid: 100, startTime: '1000' } }, what: 'reload' },
    { state: { state: 'foreign', pid: 100, command: 'nginx' }, what: 'refuse' },
  ] as const)('$state.state: $what', ({ state, what }) => {
    expect(decide(state)).toBe(what)
  })
})

describe('generations that still finish requests', () => {
  it.each([
    { title: 'none when no worker is leaving', started: [], generations: 0 },
    { title: 'one, although most of its workers are done', started: [500], generations: 1 },
    {
      title: 'one, whose workers were started one after the other',
      started: [501, 500, 502, 505, 509],
      generations: 1,
    },
    { title: 'two, as soon as nginx can reload again', started: [500, 510], generations: 2 },
    { title: 'one for each worker, when a request hangs in each', started: [9000, 1200, 700, 500], generations: 4 },
  ])('$title', ({ started, generations }) => {
    const workers = started.map((ticks, position) => ({ pid: 100 + position, startTime: String(ticks) }))

    expect(generationsOf(workers)).toBe(generations)
  })
})
