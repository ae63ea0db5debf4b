import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { createTwoFilesPatch } from 'diff'
import type { Config } from '../config.ts'
import { createChooser } from '../delivery/chooser.ts'
import { createDemands } from '../delivery/demand.ts'
import { createDrawing } from '../delivery/drawing.ts'
import { createInquiry } from '../delivery/inquiry.ts'
import { outlook, wantedOf } from '../delivery/outlook.ts'
import { chooseLayout } from '../layout-choice.ts'
import { createLookups } from '../lookups.ts'
import type { RenderedFile } from '../model/generation.ts'
import type { Emit } from '../observe/event.ts'
import { lookupsOf, makeSources, viewSurroundings } from '../plan.ts'
import { looksAtAll } from '../render/render.ts'
import type { Seen } from '../render/seen.ts'
import { loadTemplates } from '../render/templates.ts'
import { createResolver } from '../resolver.ts'
import { type Runtime, systemClock } from '../runtime.ts'
import { hostNamesOf } from '../select/select.ts'
import { Wakeup } from '../source/wakeup.ts'
import type { Signals } from './command.ts'
import { firstCatalog, untilAnswered } from './once.ts'

/** Finding the smallest difference of two large texts can take for ever; after this, the whole text is shown. */
const DIFF_MS = 2_000

/** Prints what would change; touches nothing. On a terminal a unified diff, else consul-template's `> destination`. */
export async function dry(config: Config, emit: Emit, signals: Signals): Promise<number> {
  const runtime: Runtime = { clock: systemClock, emit, signal: signals.stop }
  const layout = await chooseLayout(config, signals.stop)
  for (const problem of layout.warnings) emit({ type: 'config.warned', problem })
  const bug = Promise.withResolvers<never>()
  const news = new Wakeup()
  const sources = lookupsOf(config, runtime)
  const demands = createDemands(createLookups({ sources, changed: () => news.ring(), broken: bug.reject }, runtime))
  const catalog = await firstCatalog(makeSources(config, runtime), runtime)
  for (const group of [layout.nginx, ...layout.files]) {
    if (group === undefined) continue
    const { rules, around } = viewSurroundings(config, 'outputs' in group ? group : undefined)
    const templates = loadTemplates('outputs' in group ? group.outputs : [group], {}, emit)
    const outputs = templates.outputs()
    const names = hostNamesOf(catalog, rules, looksAtAll(outputs))
    const resolved = await createResolver(systemClock.now).resolve(names)
    const demand = demands()
    const policy = { maxLoss: config.max_loss, holdFor: config.hold }
    const chooser = createChooser(rules, policy, { isSpeaker: false, trustsCatalog: around.trustsCatalog })
    const wanted = wantedOf(catalog, resolved, outputs, { live: undefined, out: new Map() })
    const selection = chooser.look(wanted, systemClock.now())
    for (const rejection of selection.rejections) emit({ type: 'selection.rejected', rejection })
    const seen = outlook(selection, wanted, outputs, { chooser, demand })
    const drawing = createDrawing(
      () => around,
      () => undefined,
      systemClock.now,
    )
    const inquiry = createInquiry(drawing, demand, systemClock.now)
    let whole: Seen | undefined
    const ask = async () => {
      whole = inquiry.complete(seen, outputs, { emit, again: () => {} })
    }
    await Promise.race([untilAnswered(ask, inquiry.missing, news, runtime), bug.promise])
    const root = 'outputs' in group && group.kind === 'own' ? join(config.state_dir, 'nginx', 'current') : ''
    const { files } = drawing.draw(whole ?? seen, outputs).generation
    for (const file of files) show(file, join(root, file.path))
  }
  return 0
}

function show({ text }: RenderedFile, path: string): void {
  const before = readIfThere(path)
  if (before === text) return
  process.stdout.write(process.stdout.isTTY ? coloured(path, before, text) : `> ${path}\n${text}`)
}

function coloured(path: string, before: string, after: string): string {
  const patch = createTwoFilesPatch(path, path, before, after, 'live', 'would be', { context: 3, timeout: DIFF_MS })
  if (patch === undefined) return `> ${path}\n${after}`
  return patch
    .split('\n')
    .map(line =>
      line.startsWith('+') ? styleText('green', line) : line.startsWith('-') ? styleText('red', line) : line,
    )
    .join('\n')
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // nothing there yet, so all of it is new
  }
}
