// How long does it take to render a Go template as users have it, when one of its services has changed?
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from '../../../src/model/catalog.ts'
import { record } from '../../../src/render/asking.ts'
import { languageOf } from '../../../src/render/registry.ts'
import { viewOf } from '../../../src/render/view.ts'
import { listChecked } from '../../../src/select/listed.ts'
import { select } from '../../../src/select/select.ts'
import { aSeen, aService, someRules, someSurroundings } from '../../support/builders.ts'
import type { Plan } from '../options.ts'
import { say } from '../progress.ts'

export interface TemplateCost {
  readonly services: number
  readonly first: number // ms, in a fresh process
  readonly renders: readonly number[] // ms
}

const SERVICES = 1_000
const WARM = 20 // changes until V8 knows the template
const path = join(import.meta.dirname, '../../fixtures/user-setup/app.ctmpl')

export function measureTemplate({ isQuick }: Pick<Plan, 'isQuick'>): TemplateCost {
  const rounds = isQuick ? 60 : 200
  say(`template: ${SERVICES} services are rendered ${rounds} times`)
  const template = languageOf(path).compile({ path, text: readFileSync(path, 'utf8') })
  const rules = someRules()
  const times = Array.from({ length: rounds }, (_, round) => {
    const services = servicesAfter(round)
    const selection = select({ services, indexes: {} }, rules, undefined)
    const listed = listChecked({ services, indexes: {} }, rules, selection)
    const view = viewOf(aSeen(selection, { listed }), someSurroundings())
    const began = performance.now()
    const { text } = template.render(view, record(view, new Map()))
    const took = performance.now() - began
    if (!text.includes(`:${portAfter(round)} `)) throw new Error('the change is not in the text')
    return took
  })
  return { services: SERVICES, first: times[0] ?? Number.NaN, renders: times.slice(WARM) }
}

const portAfter = (round: number) => 10_000 + round
const services = Array.from({ length: SERVICES }, (_, number) => serviceOf(number, 80)).sort((a, b) =>
  a.name < b.name ? -1 : 1,
)

/** The same list with one other service, at another place each time. */
function servicesAfter(round: number): readonly Service[] {
  const at = (round * 37) % SERVICES
  return services.map((service, position) => (position === at ? serviceOf(position, portAfter(round)) : service))
}

function serviceOf(number: number, port: number): Service {
  const addresses = [2, 3, 4].slice(0, 1 + (number % 3)).map(last => `10.233.${number % 250}.${last}`)
  const name = `app-${String(number).padStart(4, '0')}-test`
  return aService({ name, tags: ['calico', 'v1'], instances: addresses.map(address => ({ address, port })) })
}
