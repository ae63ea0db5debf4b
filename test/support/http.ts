import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly headers: IncomingHttpHeaders
}

/** Where to knock: a port of loopback, or a socket file. */
export type Door = number | string

/** One request on a connection of its own. */
export function get(door: Door, host: string, path = '/'): Promise<Reply> {
  return send(door, host, path, undefined)
}

export function post(port: number, host: string, body: string): Promise<Reply> {
  return send(port, host, '/', body)
}

function send(door: Door, host: string, path: string, body: string | undefined): Promise<Reply> {
  const method = body === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    const to = typeof door === 'number' ? { host: '127.0.0.1', port: door } : { socketPath: door }
    const options = { ...to, path, method, agent: false, headers: { host }, timeout: 5_000 }
    const sent = request(options, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: response.headers,
        }),
      )
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('timeout')))
    sent.on('error', reject)
    sent.end(body)
  })
}

export interface Backend {
  readonly name: string
  readonly port: number
  close(): Promise<void>
}

/** A service instance that answers with its name. */
export async function startBackend(name: string, address = '127.0.0.1'): Promise<Backend> {
  const server: Server = createServer((_request, response) => response.end(name))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve))
  return {
    name,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
