import { createServer } from 'node:net'

/**
 * A port of loopback that is free now, and that the kernel gives to no outgoing connection: whoever takes it a moment
 * later, or ends and starts again on it under traffic, gets it. By chance, so that tests beside each other get others.
 */
export async function freePort(): Promise<number> {
  while (true) {
    const port = 12_000 + Math.floor(Math.random() * 20_000) // below Linux's ephemeral ports
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
