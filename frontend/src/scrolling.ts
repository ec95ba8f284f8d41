// Boxes that scroll when a window is narrow can be scrolled by keyboard as well.

/** This will make a box a stop of the Tab key for as long as it has more than it shows. */
export function reachWhenScrolling(box: HTMLElement): void {
  new ResizeObserver(() => {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight
    if (scrolls) box.setAttribute('tabindex', '0')
    else box.removeAttribute('tabindex')
  }).observe(box)
}
