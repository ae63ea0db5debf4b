import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What came in. */
export interface Seen {
  readonly at: number // ms, of performance.now()
  readonly url: string // with its query
  readonly path: string // without
  readonly isBlocking: boolean
}

/** One request, and what a fault may do with it. */
export interface Exchange extends Seen {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
  readonly nth: number // how many this fault has answered before
  /** What Consul answers to it, at once: a blocking query does not block. */
  answer(): Promise<Answered>
}

interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type Fault = (exchange: Exchange) => unknown

/** Stands before a Consul, and can be made a worse one while it runs. */
export interface FaultProxy {
  readonly address: string // host:port
  readonly seen: readonly Seen[]
  /** How many connections were open at the same time, at most. */
  readonly connections: number
  /** From now on this is what requests get whose address fits, those that are waiting included; the latest counts. */
  inject(fault: Fault, fits?: RegExp): void
  /** From now on requests are passed on. What hangs goes on hanging. */
  heal(): void
  /** Nobody listens there any more, until `up`. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

interface Waiting {
  readonly exchange: Omit<Exchange, 'nth'>
  drop(): void
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const [host, port] = target.split(':')
  const seen: Seen[] = []
  const waiting = new Set<Waiting>()
  let faults: { readonly fault: Fault; readonly fits: RegExp; answered: number }[] = []

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '/'
    const what = {
      at: performance.now(),
      url,
      path: url.split('?')[0] ?? url,
      isBlocking: /[?&]index=[1-9]/.test(url),
    }
    seen.push(what)
    const { socket } = request
    handle({ ...what, request, response, socket, answer: () => ask(atOnce(url), request) })
  }

  function handle(exchange: Omit<Exchange, 'nth'>): void {
    const found = faults.find(({ fits }) => fits.test(exchange.url))
    if (found === undefined) {
      pass(exchange)
      return
    }
    const nth = found.answered
    found.answered += 1
    // A fault may outlive its connection, or Consul itself: that is what it is about.
    Promise.resolve(found.fault({ ...exchange, nth })).catch(() => exchange.socket.destroy())
  }

  function pass(exchange: Omit<Exchange, 'nth'>): void {
    const { request, response, socket, url } = exchange
    const dropped = new AbortController()
    const mine: Waiting = { exchange, drop: () => dropped.abort() }
    waiting.add(mine)
    response.once('close', () => dropped.abort())
    ask(url, request, dropped.signal)
      .then(({ status, headers, body }) => {
        if (!dropped.signal.aborted) response.writeHead(status, plain(headers)).end(body)
      })
      .catch(() => {
        if (!dropped.signal.aborted) socket.destroy() // Consul is gone, so we are
      })
      .finally(() => waiting.delete(mine))
  }

  function ask(url: string, { method, headers }: IncomingMessage, signal?: AbortSignal): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const sent = request({ host, port, path: url, method, headers, agent: false, ...(signal && { signal }) })
      sent.on('error', reject)
      sent.on('response', response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      })
      sent.end()
    })
  }

  const server = createServer(serve)
  const open = new Set<unknown>()
  let most = 0
  server.on('connection', socket => {
    most = Math.max(most, open.add(socket).size)
    socket.once('close', () => open.delete(socket))
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  const listen = (at: number) =>
    new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await listen(0)
  const at = (server.address() as AddressInfo).port

  return {
    address: `127.0.0.1:${at}`,
    seen,
    get connections() {
      return most
    },
    inject(fault, fits = /./) {
      faults.unshift({ fault, fits, answered: 0 })
      for (const { exchange, drop } of [...waiting]) {
        if (!fits.test(exchange.url)) continue
        drop()
        handle(exchange)
      }
    },
    heal() {
      faults = []
    },
    down: close,
    up: () => listen(at),
    close,
  }
}

/** The same question without `index` and `wait`. */
function atOnce(url: string): string {
  return url.replace(/([?&])(?:index|wait)=[^&]*/g, '$1').replace(/[?&]+$/, '')
}

/** As it came, but for what the next hop makes anew. */
function plain(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { connection: _, 'transfer-encoding': __, 'content-length': ___, ...rest } = headers
  return rest
}

const text = (status: number, body: string, headers: Record<string, string> = {}): Fault => {
  return ({ response }) => response.writeHead(status, headers).end(body)
}

/** The index header as something else; undefined: without it. */
const index = (other: (nth: number, real: string) => string | undefined): Fault => {
  return async ({ response, nth, answer }) => {
    const { status, headers, body } = await answer()
    const { 'x-consul-index': real, ...rest } = plain(headers)
    const value = other(nth, String(real))
    response.writeHead(status, { ...rest, ...(value !== undefined && { 'x-consul-index': value }) }).end(body)
  }
}

/** An answer of the right shape that holds nothing. */
function nothingOf(path: string): string {
  return path.endsWith('/services') ? '{}' : path.includes('/node-services/') ? '{"Services":[]}' : '[]'
}

/** Ways not to be well, as they have been seen. */
export const faults = {
  noLeader: text(500, 'No cluster leader'),
  denied: text(403, 'Permission denied'),
  busy: (seconds: number) =>
    text(429, 'Your IP is issuing too many concurrent connections', { 'retry-after': String(seconds) }),
  html: text(200, '<html><body>Please sign in</body></html>', { 'content-type': 'text/html', 'x-consul-index': '99' }),
  emptyWithoutIndex: (({ response, path }) => response.writeHead(200).end(nothingOf(path))) as Fault,
  emptyAndFiltered: (({ response, path }) =>
    response
      .writeHead(200, { 'x-consul-index': '99', 'x-consul-results-filtered-by-acls': 'true' })
      .end(nothingOf(path))) as Fault,
  /** Half of the real body, and the connection ends before the length that was promised. */
  cutLength: (async ({ response, answer }) => {
    const { headers, body } = await answer()
    response.writeHead(200, { ...plain(headers), 'content-length': String(body.length) })
    response.write(body.subarray(0, body.length / 2), () => response.destroy())
  }) as Fault,
  cutChunks: (async ({ response, answer }) => {
    const { headers, body } = await answer()
    response.writeHead(200, { ...plain(headers), 'transfer-encoding': 'chunked' })
    response.write(body.subarray(0, body.length / 2), () => response.socket?.resetAndDestroy())
  }) as Fault,
  /** Half of the real body, said to be all of it. */
  halfJson: (async ({ response, answer }) => {
    const { headers, body } = await answer()
    response.writeHead(200, plain(headers)).end(body.subarray(0, body.length / 2))
  }) as Fault,
  badGzip: text(200, '\u001f\u008b\u0008\u0000broken', { 'content-encoding': 'gzip', 'x-consul-index': '99' }),
  reset: (({ socket }) => socket.resetAndDestroy()) as Fault,
  /** Takes the request and never says a word; so does a connection whose other end is gone. */
  hang: (() => {}) as Fault,
  /** A byte now and then, and never the last one. */
  slowBody: (({ response }) => {
    response.writeHead(200, { 'x-consul-index': '99', 'content-length': '1000000' })
    response.write('[')
    const timer = setInterval(() => response.write(' '), 100)
    response.once('close', () => clearInterval(timer))
  }) as Fault,
  /** Begins to answer, and then nothing. */
  stalledBody: (({ response }) => {
    response.writeHead(200, { 'x-consul-index': '99', 'content-length': '1000000' })
    response.write('[')
  }) as Fault,
  endlessHeaders: (({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write(`x-filler: ${'x'.repeat(1_000)}\r\n`.repeat(16)), 10)
    socket.once('close', () => clearInterval(timer))
  }) as Fault,
  slowHeaders: (({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write('x: y\r\n'), 100)
    socket.once('close', () => clearInterval(timer))
  }) as Fault,
  /** As many bytes as somebody takes, up to this many. */
  huge: (bytes: number): Fault => {
    return ({ response }) => {
      response.writeHead(200, { 'x-consul-index': '99' })
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      let left = bytes
      const more = () => {
        while (left > 0 && !response.destroyed) {
          left -= chunk.length
          if (!response.write(chunk)) return
        }
        response.end('[]')
      }
      response.on('drain', more)
      more()
    }
  },
  indexBackwards: index(nth => String(1_000_000 - nth)),
  indexRepeated: index(() => '12'),
  indexZero: index(() => '0'),
  indexWord: index(() => 'many'),
  indexMissing: index(() => undefined),
  indexBeyondDoubles: index(nth => String(9_007_199_254_740_993n + BigInt(nth % 2))),
  /** The same body with an index that moves on at every answer. */
  indexRunning: index(nth => String(1_000_000 + nth)),
}
