// What every page shares: the styles, that held keys press once, that the other tabs hear who is
// logged in, that changes which a reading could not send are sent, whole pages on paper, and the key
// to the search.
import '../styles/base.css'
import '../heldKeys'
import { announceOwner, pageOwner } from '../api/owner'
import { openForPrinting } from '../printing'
import { sendLeftovers } from '../saving/leftovers'

announceOwner()
if (pageOwner()) void sendLeftovers(pageOwner(), document.getElementById('unsent'))
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
