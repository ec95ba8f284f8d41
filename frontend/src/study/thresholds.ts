// The thresholds of acceptance: whole numbers in the design, per cent on the page.

import type { Design } from '../api/types'

export type Fraction = readonly [number, number]

export const THRESHOLDS = ['precision_threshold', 'recall_threshold'] as const

/** A threshold of a design; 9/10 where it says none. */
export function thresholdOf(design: Design, name: (typeof THRESHOLDS)[number]): Fraction {
  return design[name] ?? [9, 10]
}

/** Per cent, to one decimal: 90, 92.5, and 66.7 for 2/3. */
export function inPercent([part, whole]: Fraction): string {
  return String(Number(((100 * part) / whole).toFixed(1)))
}

/** The fraction in lowest terms that per cent as typed are; null for nothing. */
export function fractionOf(percent: string): Fraction | null {
  if (percent === '') return null
  const scale = 10 ** (percent.split('.')[1] ?? '').length
  const [part, whole] = [Math.round(Number(percent) * scale), 100 * scale]
  const divisor = greatestCommonDivisor(Math.abs(part), whole)
  return [part / divisor, whole / divisor]
}

/** What exactly on a threshold is: "90 %", or "80 % precision or 2/3 recall". */
export function onThreshold(design: Design): string {
  const [precision, recall] = THRESHOLDS.map((name) => written(thresholdOf(design, name)))
  return precision === recall ? `${precision}` : `${precision} precision or ${recall} recall`
}

/** What a mask has to be, in words. */
export function acceptable(design: Design): string {
  const [precision, recall] = THRESHOLDS.map((name) => written(thresholdOf(design, name)))
  return `Acceptable means more than ${precision} of the drawn lesions are right and more than ${recall} of the true ones are drawn.`
}

/** Per cent where one decimal says all, else the fraction. */
function written(threshold: Fraction): string {
  const [part, whole] = threshold
  return (1000 * part) % whole === 0 ? `${inPercent(threshold)} %` : `${part}/${whole}`
}

function greatestCommonDivisor(a: number, b: number): number {
  return b > 0 ? greatestCommonDivisor(b, a % b) : a
}
