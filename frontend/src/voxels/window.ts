// Grey levels: which values a slice shows black and white.

export interface Window {
  readonly low: number
  readonly high: number
}

const BINS = 4096

/**
 * This will return the window between two percentiles of the voxels that are not 0. It depends on
 * nothing but the voxels, so the same scan always starts with the same window. A volume of zeros
 * gives 0 to 1.
 */
export function percentileWindow(
  values: ArrayLike<number>,
  percentiles: readonly [number, number] = [2, 99.7],
): Window {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let total = 0
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0
    if (value === 0 || !Number.isFinite(value)) continue
    total += 1
    if (value < least) least = value
    if (value > most) most = value
  }
  if (total === 0) return { low: 0, high: 1 }
  if (least === most) return { low: Math.min(0, least), high: Math.max(0, least) }
  const counts = new Uint32Array(BINS)
  const scale = (BINS - 1) / (most - least)
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0
    if (value === 0 || !Number.isFinite(value)) continue
    const bin = Math.round((value - least) * scale)
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const at = (percentile: number): number => {
    const wanted = (percentile / 100) * total
    let seen = 0
    for (let bin = 0; bin < BINS; bin += 1) {
      seen += counts[bin] ?? 0
      if (seen >= wanted) return least + bin / scale
    }
    return most
  }
  const [low, high] = [at(percentiles[0]), at(percentiles[1])]
  return high > low ? { low, high } : { low: least, high: most }
}

/** The windows that one key goes through: the start, without its darkest third, the whole range. */
export function usualWindows(start: Window, full: Window): readonly Window[] {
  const low = start.low + (start.high - start.low) / 3
  return [start, { low, high: start.high }, full]
}

/** This will return a window moved by a drag: right widens, up brightens, in parts of `full`. */
export function draggedWindow(from: Window, full: Window, right: number, up: number): Window {
  const range = full.high - full.low
  const width = Math.max(from.high - from.low + right * range, range / 200)
  const level = (from.low + from.high) / 2 - up * range
  return { low: level - width / 2, high: level + width / 2 }
}
