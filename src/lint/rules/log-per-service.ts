import { dataIn } from '../data.ts'
import type { Rule } from '../rule.ts'
import { httpDirectives } from '../servers.ts'
import { holds } from '../value.ts'

export const logPerService: Rule = {
  name: 'log-per-service',
  *find(file) {
    for (const log of ['access_log', 'error_log'].flatMap(name => httpDirectives(file, name))) {
      const [path] = log.args
      if (path === undefined || /^(syslog|memory):/.test(path.text)) continue
      const isOfService = file
        .holesIn(path)
        .flatMap(dataIn)
        .some(({ value }) => holds(value, part => part.kind === 'item' || part.kind === 'key'))
      if (!isOfService) continue
      yield {
        at: log.start,
        what: 'every service has a log file of its own, open in every worker of every generation: hundreds of services use up the file descriptors (and nginx then refuses to reload), files of services that are gone are never rotated, and a name from the catalog says where nginx writes',
        mend: 'one log for all, with $host or $server_name in its log_format',
      }
    }
  },
}
