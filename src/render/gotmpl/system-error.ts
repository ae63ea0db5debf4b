import { getSystemErrorMessage } from 'node:util'

/** What the system refused, in Go's words: `open /etc/x: no such file or directory`. */
export function goReason({ errno, syscall, path, message }: NodeJS.ErrnoException): string {
  return errno === undefined ? message : `${syscall} ${path}: ${getSystemErrorMessage(errno)}`
}
