/* Everything a person does, on its way to the desktop. */
import { Keyboard } from './keyboard.js';
import { Pointer } from './pointer.js';

export class Input {
  #send;
  #keyboard;
  #pointer;
  #enabled = false;
  #lockChanged;

  /* send(kind, message) goes to the agent; shortcut(code): see keyboard.js; lockChanged(isLocked)
   * tells about the pointer lock. */
  constructor({ stage, typing, view, send, shortcut, lockChanged }) {
    const isActive = () => this.#enabled;
    this.#send = send;
    this.#lockChanged = lockChanged;
    this.#keyboard = new Keyboard(typing, { send, isActive, shortcut });
    this.#pointer = new Pointer(stage, {
      send, isActive,
      locate: (x, y) => view.locate(x, y),
      scale: () => view.scale,
      touched: (event) => this.#touched(event, typing),
    });
    window.addEventListener('blur', () => this.releaseAll());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden)
        this.releaseAll();
    });
    document.addEventListener('pointerlockchange', () => this.#onLock());
    document.addEventListener('fullscreenchange', () => this.#onFullscreen());
    window.chrome?.webview?.addEventListener('message', ({ data }) => this.#onHost(data));
  }

  /* Whether the desktop listens: connected, in control, and there is something to point at. */
  set enabled(enabled) {
    if (enabled === this.#enabled)
      return;
    this.#enabled = enabled;
    this.#keyboard.forget();
    this.#pointer.forget();
    if (enabled)
      this.#keyboard.focus();
    else if (this.#pointer.isLocked)
      document.exitPointerLock();
  }

  get enabled() {
    return this.#enabled;
  }

  get isLocked() {
    return this.#pointer.isLocked;
  }

  /* The keyboard goes to the desktop, not to the page's buttons. */
  focus() {
    if (this.#enabled)
      this.#keyboard.focus();
  }

  ctrlAltDel() {
    this.#keyboard.tap(['ControlLeft', 'AltLeft', 'Delete']);
  }

  async toggleLock() {
    if (this.isLocked)
      document.exitPointerLock();
    else if (this.#enabled)
      await this.#pointer.lock();
  }

  /* In full screen the browser may leave us even Esc, Alt+Tab and the Windows key. */
  async toggleFullscreen() {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
      return;
    }
    await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
  }

  /* Nobody can see what the keys do now. */
  releaseAll() {
    if (!this.#enabled)
      return;
    this.#keyboard.forget();
    this.#pointer.forget();
    this.#send('releaseAll', {});
  }

  #touched(event, typing) {
    /* A finger would call the on-screen keyboard. */
    if (event.pointerType === 'touch')
      return;
    /* The input method opens its window at the textarea. */
    typing.style.left = `${event.clientX}px`;
    typing.style.top = `${event.clientY}px`;
    this.#keyboard.focus();
  }

  #onLock() {
    if (!this.isLocked)
      this.releaseAll();
    this.#lockChanged(this.isLocked);
  }

  /* Helix.exe, in whose window we are: the Windows key and Alt+Tab, which Windows keeps from pages
   * (windows-launcher/win/keyboard.c), and F11 where the window has the focus. */
  #onHost(message) {
    if (message?.type === 'key')
      this.#keyboard.press(message.code, message.down === true);
    else if (message?.type === 'fullscreen' && document.fullscreenElement)
      document.exitFullscreen();
  }

  #onFullscreen() {
    if (document.fullscreenElement)
      navigator.keyboard?.lock?.().catch(() => {});
    else
      navigator.keyboard?.unlock?.();
    this.focus();
  }
}
