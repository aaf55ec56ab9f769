/* Keys by their place on the keyboard, text by what an input method made of it. */
import { EVDEV } from './keys.js';
import { MAX_TEXT_BYTES, pieces } from './text.js';

const IME_KEY_CODE = 229;
/* A Ctrl that comes this close before AltGr was never pressed: Windows makes it up. */
const ALTGR_MS = 10;

const isWindows = /Win/.test(navigator.platform);
const isMac = /Mac/.test(navigator.platform);

export class Keyboard {
  #typing;
  #events;
  #held = new Set();
  #swallowed = new Set();
  #controlMs = -Infinity;

  /* `typing` is the hidden textarea that the input method writes into. events:
   *   send(kind, message)
   *   isActive()        whether keys belong to the desktop
   *   shortcut(code)    Ctrl+Alt+Shift and this key: true when it was for the page */
  constructor(typing, events) {
    this.#typing = typing;
    this.#events = events;
    window.addEventListener('keydown', (event) => this.#down(event), { capture: true });
    window.addEventListener('keyup', (event) => this.#up(event), { capture: true });
    typing.addEventListener('compositionend', (event) => this.#text(event.data));
    typing.addEventListener('input', (event) => this.#input(event));
  }

  /* Take the keyboard for the desktop. */
  focus() {
    this.#typing.focus({ preventScroll: true });
  }

  /* The agent was told, or will be: nothing is held any more. */
  forget() {
    this.#held.clear();
  }

  /* Press keys in order and release them in reverse. */
  tap(codes) {
    for (const code of codes)
      this.#key(code, true);
    for (const code of codes.toReversed?.() ?? [...codes].reverse())
      this.#key(code, false);
  }

  /* A key of which the browser did not tell, and something else did. */
  press(code, isDown) {
    if (this.#events.isActive() && EVDEV.has(code) && this.#held.has(code) !== isDown)
      this.#key(code, isDown);
  }

  #down(event) {
    const { code } = event;
    if (event.ctrlKey && event.altKey && event.shiftKey && !event.repeat &&
      this.#events.shortcut(code)) {
      this.#swallowed.add(code);
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (!this.#isOurs(event) || event.isComposing || event.keyCode === IME_KEY_CODE)
      return;
    if (!EVDEV.has(code))
      return;
    event.preventDefault();
    if (event.repeat || this.#swallowed.has(code))
      return;
    if (isWindows && code === 'ControlLeft')
      this.#controlMs = event.timeStamp;
    if (isWindows && code === 'AltRight' && event.timeStamp - this.#controlMs < ALTGR_MS)
      this.#key('ControlLeft', false);
    /* The browser kept the key's way up for itself. */
    if (this.#held.has(code))
      this.#key(code, false);
    this.#key(code, true);
  }

  #up(event) {
    const { code } = event;
    if (this.#swallowed.delete(code)) {
      event.preventDefault();
      return;
    }
    if (!this.#held.has(code))
      return;
    event.preventDefault();
    this.#key(code, false);
    /* macOS keeps the way up of every key to itself while Cmd is down. */
    if (isMac && code.startsWith('Meta'))
      for (const other of [...this.#held])
        this.#key(other, false);
  }

  /* Buttons of the page keep their keys. */
  #isOurs(event) {
    return this.#events.isActive() && !event.target.closest?.('button, #toolbar, #screen');
  }

  #key(code, down) {
    if (down)
      this.#held.add(code);
    else if (!this.#held.delete(code))
      return;
    this.#events.send('key', { code: EVDEV.get(code), down });
  }

  #input(event) {
    if (event.isComposing)
      return;
    if (event.inputType === 'deleteContentBackward')
      this.tap(['Backspace']);
    else if (event.inputType === 'insertLineBreak')
      this.tap(['Enter']);
    else
      this.#text(this.#typing.value);
    this.#typing.value = '';
  }

  #text(text) {
    this.#typing.value = '';
    if (!this.#events.isActive())
      return;
    for (const piece of pieces(text ?? '', MAX_TEXT_BYTES))
      this.#events.send('text', { text: piece });
  }
}
