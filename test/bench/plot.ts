/** A line of one contender: x is services. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

export interface Panel {
  readonly title: string
  readonly unit: string
  readonly series: readonly Series[]
}

const [WIDTH, HEIGHT] = [420, 280]
const MARGIN = { left: 62, right: 18, top: 40, bottom: 44 }
const colors = ['#0b6bcb', '#c2410c']

/** Panels beside and below each other, two in a row, with logarithmic axes: a straight line is a power. */
export function plot(title: string, panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / 2)
  const size = `width="${WIDTH * 2}" height="${HEIGHT * rows}" viewBox="0 0 ${WIDTH * 2} ${HEIGHT * rows}"`
  const drawn = panels.map((panel, index) => {
    const at = `${(index % 2) * WIDTH} ${Math.floor(index / 2) * HEIGHT}`
    return `<g transform="translate(${at})">\n${draw(panel)}\n</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

function draw({ title, unit, series }: Panel): string {
  const points = series.flatMap(({ points }) => points).filter(([, y]) => y > 0)
  if (points.length === 0) return text(MARGIN.left, 22, `${title}: not measured`)
  const x = axis(
    points.map(([x]) => x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const y = axis(
    points.map(([, y]) => y),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const vertical = x.ticks.flatMap(tick => [
    line(x.at(tick), MARGIN.top, x.at(tick), HEIGHT - MARGIN.bottom),
    text(x.at(tick), HEIGHT - MARGIN.bottom + 16, label(tick), 'middle'),
  ])
  const horizontal = y.ticks.flatMap(tick => [
    line(MARGIN.left, y.at(tick), WIDTH - MARGIN.right, y.at(tick)),
    text(MARGIN.left - 6, y.at(tick) + 4, label(tick), 'end'),
  ])
  return [
    text(MARGIN.left, 22, `${title} (${unit})`, 'start', 'font-weight="bold"'),
    text((WIDTH + MARGIN.left) / 2, HEIGHT - 8, 'services', 'middle'),
    ...vertical,
    ...horizontal,
    ...series.map((one, index) => curve(one, index, x.at, y.at)),
  ].join('\n')
}

function curve({ name, points }: Series, index: number, x: (value: number) => number, y: (value: number) => number) {
  const color = colors[index % colors.length] ?? 'black'
  const places = points.filter(([, value]) => value > 0).map(([a, b]) => [x(a).toFixed(1), y(b).toFixed(1)] as const)
  const path = places.map(place => place.join(',')).join(' ')
  return [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
    ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`),
    text(MARGIN.left + 8, MARGIN.top + 16 + 15 * index, name, 'start', `fill="${color}"`),
  ].join('\n')
}

interface Axis {
  readonly ticks: readonly number[]
  at(value: number): number
}

/** From one of 1, 2, 5, 10, 20 … to one of them; the powers of ten are ticks, over a short way all of them. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const low = below(Math.min(...values))
  const high = Math.max(2 * low, 1 / below(1 / Math.max(...values)))
  const steps: number[] = []
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    steps.push(...[1, 2, 5].map(step => step * power).filter(step => step >= low * 0.99 && step <= high * 1.01))
  }
  return {
    ticks: steps.length > 7 ? steps.filter(step => Number.isInteger(Math.round(Math.log10(step) * 1e6) / 1e6)) : steps,
    at: value => from + (Math.log(value / low) / Math.log(high / low)) * (to - from),
  }
}

/** The largest of … 0.1, 0.2, 0.5, 1, 2, 5 … that is not above it. */
function below(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [5, 2, 1].find(step => step * power <= value * 1.000001) ?? 1
  return step * power
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  const places = [x1, y1, x2, y2].map(place => place.toFixed(1))
  return `<line x1="${places[0]}" y1="${places[1]}" x2="${places[2]}" y2="${places[3]}" stroke="#d4d4d4"/>`
}

function text(x: number, y: number, words: string, anchor = 'start', more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${more}>${words}</text>`
}

function label(value: number): string {
  return value >= 1_000 ? `${value / 1_000}k` : String(value)
}
