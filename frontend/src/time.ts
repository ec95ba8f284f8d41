// Times are shown in the time zone that the person chose, as on the rest of the page. This is the
// only place that formats times (the linter refuses it elsewhere).

export type Moment = (at: string | Date) => string

/** This will make a formatter in the page's time zone; in the browser's where it has none. */
export function timeFormat(options: Intl.DateTimeFormatOptions): Moment {
  const timeZone = typeof document === 'undefined' ? '' : document.documentElement.dataset.timeZone
  const format = (() => {
    try {
      return new Intl.DateTimeFormat('en-GB', timeZone ? { ...options, timeZone } : options)
    } catch {
      return new Intl.DateTimeFormat('en-GB', options) // a zone that this browser does not know
    }
  })()
  return (at) => format.format(new Date(at))
}

/** The time zone in which `timeFormat` shows times, to be named where a day's difference matters. */
export function timeZoneName(): string {
  const chosen = typeof document === 'undefined' ? '' : document.documentElement.dataset.timeZone
  return chosen || Intl.DateTimeFormat().resolvedOptions().timeZone
}
