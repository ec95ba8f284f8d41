// The way from page to page of a list that is longer than one.

import { make } from './elements'

/** This will build the pager of a list; nothing where one page holds all of it. */
export function pager(
  at: { readonly page: number; readonly size: number; readonly count: number },
  turnTo: (page: number) => void,
): HTMLElement[] {
  const pages = Math.ceil(at.count / at.size)
  if (pages < 2) return []
  const turn = (text: string, page: number) =>
    make(
      'button',
      {
        type: 'button',
        disabled: page < 1 || page > pages,
        'data-key': text,
        click: () => turnTo(page),
      },
      text,
    )
  return [
    make(
      'nav',
      { class: 'pager', 'aria-label': 'Pages' },
      turn('Previous', at.page - 1),
      make('span', {}, `Page ${at.page} of ${pages}`),
      turn('Next', at.page + 1),
    ),
  ]
}
