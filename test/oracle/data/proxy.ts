import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newer } from './scenery.ts'

/** Consul, but for what it does not know yet, and without keys and certificates: they are long, and nobody's to keep. */
export async function startProxy(consul: string): Promise<{ readonly address: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const { pathname, search, searchParams } = new URL(request.url ?? '/', 'http://proxy')
    response.setHeader('content-type', 'application/json')
    const known = newer[pathname]
    if (known !== undefined) {
      if (searchParams.has('index')) return // never changes: as long as the question is open, there is no news
      response.setHeader('x-consul-index', '7')
      response.end(JSON.stringify(known))
      return
    }
    try {
      const answer = await fetch(`http://${consul}${pathname}${search}`)
      const index = answer.headers.get('x-consul-index')
      if (index !== null) response.setHeader('x-consul-index', index)
      response.statusCode = answer.status
      const text = await answer.text()
      response.end(text.replace(/-----BEGIN ([A-Z ]+)-----[^"]*/g, (_, what: string) => `(${what.toLowerCase()})`))
    } catch {
      response.destroy() // who asks notices
    }
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
