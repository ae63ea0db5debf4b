import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Children } from './children.ts'
import { until } from './wait.ts'

/** A unix socket for datagrams that is listened to. Node has none; perl does, and is in every Debian. */
export class Datagrams {
  readonly socket: string
  readonly #path: string
  readonly #children = new Children()

  constructor(socket: string) {
    this.socket = socket
    this.#path = `${socket}.received`
  }

  /** What has come since the start, a line each. */
  received(): string[] {
    return readFileSync(this.#path, 'utf8').split('\n').filter(Boolean)
  }

  async start(): Promise<void> {
    rmSync(this.socket, { force: true })
    writeFileSync(this.#path, '')
    this.#children.start('perl', ['-MIO::Socket::UNIX', '-e', receiver, this.socket, this.#path], { stdio: 'inherit' })
    await until('somebody listens', () => this.received().includes('listening'))
  }

  async stop(): Promise<void> {
    await this.#children.endAll()
    rmSync(this.socket, { force: true })
  }
}

const receiver = `
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die "$ARGV[0]: $!";
open(my $out, '>>', $ARGV[1]) or die; $out->autoflush(1);
print $out "listening\\n";
while (defined $socket->recv(my $text, 65536)) { print $out "$text\\n" }`
