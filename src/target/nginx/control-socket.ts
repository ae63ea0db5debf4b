import { request } from 'node:http'

/** Asks our server inside nginx; undefined when nobody answers, or not with 200. */
export function ask(socketPath: string, path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const sent = request({ socketPath, path, timeout: 1_000, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString().trim() : undefined),
      )
      response.on('error', () => resolve(undefined))
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => resolve(undefined)) // nobody listens: that is the answer
    sent.end()
  })
}
