// What every page shares: the styles, that the other tabs hear who is logged in, whole pages on
// paper, and the key to the search.
import '../styles/base.css'
import { announceOwner } from '../api/owner'
import { openForPrinting } from '../printing'

announceOwner()
openForPrinting()

// "/" brings the keyboard to the search box, from anywhere but a text that is being typed.
document.addEventListener('keydown', (event) => {
  const box = document.querySelector<HTMLInputElement>('.search input')
  const isTyping = (event.target as HTMLElement).closest(
    'input, textarea, select, [contenteditable]',
  )
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping || !box)
    return
  event.preventDefault()
  box.select()
})
