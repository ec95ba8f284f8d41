// A key that is held down presses a button once. Browsers repeat Enter, on whatever has the focus
// by then: the question that a button asked would be answered before anybody has read it.

document.addEventListener(
  'keydown',
  (event) => {
    const isPressable =
      event.target instanceof Element && event.target.closest('button, a, summary')
    if (event.repeat && event.key === 'Enter' && isPressable) event.preventDefault()
  },
  { capture: true },
)
