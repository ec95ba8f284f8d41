// Times are shown in the time zone that the person chose, as on the rest of the page.

/** This will make a formatter in the page's time zone; in the browser's where it has none. */
export function timeFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const timeZone = typeof document === 'undefined' ? '' : document.documentElement.dataset.timeZone
  try {
    return new Intl.DateTimeFormat('en-GB', timeZone ? { ...options, timeZone } : options)
  } catch {
    return new Intl.DateTimeFormat('en-GB', options) // a zone that this browser does not know
  }
}
