import { request } from 'node:http'
import { join } from 'node:path'
import { UpstreamdError } from '../../errors.ts'

/** Answered by whatever runs; in nginx's working folder, because `unix:` paths are relative to it. */
const CONTROL = 'control.sock'
/** Linux holds 108 bytes of a socket's path, the closing NUL included (unix(7)). */
const LONGEST_PATH = 107

/**
 * A server only we can reach: the folder of its sockets is closed to others. The second socket is this
 * generation's own: workers of the one before answer on the first, too, for the 100 ms until they are told to go.
 */
export function controlConf(digest: string): string {
  return `# Written by upstreamd: how it asks nginx which generation it runs.
server {
    listen unix:${CONTROL};
    listen unix:${socketOf(digest)};
    access_log off;
    location = /generation { default_type text/plain; return 200 "${digest}"; }
    location = /status { stub_status; }
    location / { return 404; }
}
`
}

/**
 * The digest that nginx answers with; undefined when it does not. What was published last is asked for by name first:
 * on the shared socket workers of the generation before answer, too, for 100 ms after a reload.
 */
export async function runningDigest(folder: string, published: string | undefined): Promise<string | undefined> {
  if (published !== undefined && (await isAnswering(folder, published))) return published
  return ask(join(folder, CONTROL), '/generation')
}

/** Do workers of this very generation answer? */
export async function isAnswering(folder: string, digest: string): Promise<boolean> {
  return (await ask(join(folder, socketOf(digest)), '/generation')) === digest
}

/** Throws CONFIG_INVALID when sockets in this folder could not be connected to. */
export function checkFolder(folder: string): void {
  const longest = join(folder, socketOf('0'.repeat(64)))
  if (longest.length <= LONGEST_PATH) return
  throw new UpstreamdError(
    'CONFIG_INVALID',
    `-state-dir is too long: ${longest} is more than ${LONGEST_PATH} bytes, which a socket's path may have`,
  )
}

export function isSocketFile(name: string): boolean {
  return name.endsWith('.sock')
}

function socketOf(digest: string): string {
  return `${digest.slice(0, 8)}.sock`
}

/** Asks our server inside nginx; undefined when nobody answers, or not with 200. */
function ask(socketPath: string, path: string): Promise<string | undefined> {
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
