/**
 * What else runs in a container of a test (container.ts): a backend, a way in to nginx and a way out to Consul. Its network
 * has nothing but a loopback of its own, so both ways go through socket files.
 *
 *     node inside.mjs DOOR NGINX_PORT BACKEND_PORT [SOCKET CONSUL_PORT]
 */
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'

const [door, nginxPort, backendPort, consulSocket, consulPort] = process.argv.slice(2)

if (consulSocket) createServer(passTo({ path: consulSocket })).listen(Number(consulPort), '127.0.0.1')
createHttpServer((_request, response) => response.end('one')).listen(Number(backendPort), '::', () => {
  // The door comes last: whoever finds it finds everything.
  createServer(passTo({ host: '127.0.0.1', port: Number(nginxPort) })).listen(door)
})

function passTo(where) {
  return client => {
    const server = connect(where)
    client.on('error', () => server.destroy()).on('close', () => server.destroy())
    server.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.pipe(server).pipe(client)
  }
}
