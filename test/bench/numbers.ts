/** The value below which this share of them lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length
}

export function largest(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : Math.max(...values)
}

/** What was not measured is a dash. */
export function show(value: number | undefined, unit = '', digits = 0): string {
  if (value === undefined || Number.isNaN(value)) return '–'
  const text = grouped(value.toFixed(digits))
  return unit === '' ? text : `${text} ${unit}`
}

/** 10 000 rather than 10000; in docs no thin blanks either: they break tables in terminals. */
export function grouped(text: string): string {
  const [whole = '', part] = text.split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ' ')
  return part === undefined ? spaced : `${spaced}.${part}`
}
