import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Children } from './children.ts'
import { until } from './wait.ts'

/** A system log of its own: a socket that is listened to, and the real logger(1), told to write there. */
export class SystemLog {
  /** What a program finds it by. */
  readonly environment: Record<string, string>
  readonly socket: string
  readonly #path: string
  readonly #children = new Children()

  constructor(folder: string) {
    this.socket = join(folder, 'log.socket')
    this.#path = join(folder, 'received')
    const programs = join(folder, 'bin')
    mkdirSync(programs)
    const logger = join(programs, 'logger')
    writeFileSync(logger, `#!/bin/sh\nPATH=\${PATH#*:} exec logger --socket='${this.socket}' "$@"\n`)
    chmodSync(logger, 0o755)
    this.environment = { PATH: [programs, process.env.PATH].join(delimiter) }
  }

  /** Datagrams as they came, `<priority>time name[pid]: text`. */
  received(): string[] {
    return readFileSync(this.#path, 'utf8').split('\n').filter(Boolean)
  }

  async start(): Promise<void> {
    rmSync(this.socket, { force: true })
    writeFileSync(this.#path, '')
    this.#children.start('perl', ['-MIO::Socket::UNIX', '-e', receiver, this.socket, this.#path], { stdio: 'inherit' })
    await until('the system log listens', () => this.received().includes('listening'))
  }

  async stop(): Promise<void> {
    await this.#children.endAll()
    rmSync(this.socket, { force: true })
  }
}

/** Node has no datagrams for unix sockets; perl is in every Debian. */
const receiver = `
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die "$ARGV[0]: $!";
open(my $out, '>>', $ARGV[1]) or die; $out->autoflush(1);
print $out "listening\\n";
while (defined $socket->recv(my $text, 65536)) { print $out "$text\\n" }`
