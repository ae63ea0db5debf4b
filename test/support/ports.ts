import { createServer } from 'node:net'

/** One that the kernel gives to no outgoing connection: whoever ends and starts again on it under traffic gets it back. */
export async function keepablePort(): Promise<number> {
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

/** A port of loopback that is free now; asked of the kernel, so that tests in parallel get different ones. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
