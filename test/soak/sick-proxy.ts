import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** How Consul answers as long as it is sick. */
export const sicknesses = [
  'hangs',
  'resets',
  'answers 500',
  'answers HTML',
  'answers {}',
  'is cut short',
  'is slow',
] as const
export type Sickness = (typeof sicknesses)[number]

/** Stands before a healthy Consul and makes it a worse one. */
export interface SickProxy {
  readonly address: string // host:port
  /** From now on, for every request, also those that wait; undefined: healthy again. */
  become(sickness: Sickness | undefined): void
  close(): Promise<void>
}

const SLOW_MS = 1_500

export async function startSickProxy(upstream: string): Promise<SickProxy> {
  const [host = '', port] = upstream.split(':')
  const sockets = new Set<Socket>()
  let sickness: Sickness | undefined

  const server = createServer((incoming, response) => {
    if (sickness === 'hangs') return
    if (sickness === 'resets') return void incoming.socket.resetAndDestroy()
    if (sickness === 'answers 500') return void response.writeHead(500).end('No cluster leader')
    if (sickness === 'answers HTML') return void response.end('<html>a login page</html>')
    if (sickness === 'answers {}') return void response.setHeader('content-type', 'application/json').end('{}')
    setTimeout(() => forward(incoming.url ?? '/', response), sickness === 'is slow' ? SLOW_MS : 0)
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // the other side went, which is nothing new here
  })

  function forward(path: string, response: ServerResponse): void {
    const asked = request({ host, port, path, agent: false }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      if (sickness === 'is cut short') {
        answer.once('data', (chunk: Buffer) => {
          response.write(chunk.subarray(0, chunk.length / 2))
          response.socket?.resetAndDestroy()
          asked.destroy()
        })
        return
      }
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    asked.on('error', () => response.destroy())
    response.on('close', () => asked.destroy())
    asked.end()
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    become(next) {
      sickness = next
      for (const socket of sockets) socket.destroy() // what waits is to feel it, too
    },
    close: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
