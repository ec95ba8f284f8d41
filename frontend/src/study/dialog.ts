// One question before something that cannot be undone.

import { make, setText } from '../elements'
import { showTrouble } from '../trouble'

/**
 * This will ask in a dialog and run `act` on yes; a failure is said there and can be tried again.
 * `fields` stands between the text and the buttons.
 */
export function askFirst(
  title: string,
  text: string,
  yes: string,
  act: () => Promise<void>,
  ...fields: HTMLElement[]
): void {
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const goOn = make('button', { type: 'submit', class: 'primary', 'data-action': 'confirm' }, yes)
  const back = make('button', { type: 'button', click: () => dialog.close() }, 'Go back')
  const form = make(
    'form',
    {},
    make('h2', { id: 'ask-title' }, title),
    make('p', {}, text),
    ...fields,
    trouble,
    make('div', { class: 'actions' }, goOn, back),
  )
  const dialog = make('dialog', { 'aria-labelledby': 'ask-title', tabindex: -1 }, form)
  const rest = (isUnderWay: boolean): void => {
    goOn.disabled = isUnderWay
    setText(goOn, isUnderWay ? 'One moment…' : yes)
    back.disabled = isUnderWay
    const target = isUnderWay ? dialog : goOn // keys would go past a dialog without the focus
    target.focus()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    rest(true)
    act()
      .then(() => dialog.close())
      .catch((error: unknown) => showTrouble(trouble, error))
      .finally(() => rest(false))
  })
  // What is under way is not taken back by leaving: then the dialog stays until it is done.
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && back.disabled) event.preventDefault()
  })
  dialog.addEventListener('close', () => {
    dialog.remove()
    // What had the focus before may have gone with what was just done.
    if (document.activeElement === document.body) document.getElementById('content')?.focus()
  })
  const room = document.querySelector('.reading-room') // has its own, dark colours
  ;(room ?? document.body).append(dialog)
  dialog.showModal()
}
