/* The bar at the top edge. It hides; the pointer at the middle of the top edge, or the keyboard
 * shortcut, brings it back. */

const DWELL_MS = 140;
const LEAVE_MS = 500;
const FIRST_LOOK_MS = 2600;

const element = (id) => document.getElementById(id);

export class Toolbar {
  #root = element('toolbar');
  #edge = element('toolbar-edge');
  #quality = element('quality');
  #role = element('role-label');
  #panel = element('tool-panel');
  #lock = element('tool-lock');
  #fullscreen = element('tool-fullscreen');
  #cad = element('tool-cad');
  #timer = 0;
  #done;

  /* actions: {fullscreen, lock, ctrlAltDel, statistics, done}; done() when the keyboard should go
   * back to the desktop. */
  constructor(actions) {
    this.#done = actions.done;
    this.#on(this.#fullscreen, actions.fullscreen);
    this.#on(this.#lock, actions.lock);
    this.#on(this.#cad, actions.ctrlAltDel);
    this.#on(this.#panel, actions.statistics);

    /* Not while something is dragged along the top edge. */
    this.#edge.addEventListener('pointerenter', (event) => {
      if (event.buttons === 0)
        this.#later(() => this.open(), DWELL_MS);
    });
    this.#edge.addEventListener('click', () => this.open());
    this.#edge.addEventListener('pointerleave', () => this.#later(() => this.close(), LEAVE_MS));
    this.#root.addEventListener('pointerenter', () => this.open());
    this.#root.addEventListener('pointerleave', () => this.#later(() => this.close(), LEAVE_MS));
    this.#root.addEventListener('focusout', (event) => {
      if (!this.#root.contains(event.relatedTarget))
        this.#later(() => this.close(), LEAVE_MS);
    });
    this.#root.addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('fullscreenchange', () => {
      const is = document.fullscreenElement !== null;
      this.#fullscreen.setAttribute('aria-pressed', is);
    });
  }

  open() {
    clearTimeout(this.#timer);
    this.#root.classList.add('open');
  }

  close() {
    clearTimeout(this.#timer);
    if (!this.#root.contains(document.activeElement))
      this.#root.classList.remove('open');
  }

  /* With the first picture: here it is, and there it goes. */
  introduce() {
    this.open();
    this.#later(() => this.close(), FIRST_LOOK_MS);
  }

  /* For the keyboard. */
  focus() {
    this.open();
    this.#fullscreen.focus();
  }

  /* level: 'good', 'fair', 'poor' or 'unknown'. */
  quality(level, words) {
    this.#quality.dataset.level = level;
    this.#quality.setAttribute('aria-label', `Connection: ${words}`);
    this.#quality.title = `Connection: ${words}`;
  }

  set canControl(canControl) {
    this.#role.hidden = canControl;
    this.#lock.hidden = !canControl;
    this.#cad.hidden = !canControl;
  }

  set panelIsOpen(isOpen) {
    this.#panel.setAttribute('aria-expanded', isOpen);
  }

  #on(button, action) {
    button.addEventListener('click', () => {
      button.blur();
      this.#done();
      action();
    });
  }

  #key(event) {
    if (event.key === 'Escape') {
      document.activeElement.blur();
      this.close();
      this.#done();
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step)
      return;
    const buttons = [...this.#root.querySelectorAll('button:not([hidden])')];
    const at = buttons.indexOf(document.activeElement) + step;
    buttons[(at + buttons.length) % buttons.length].focus();
  }

  #later(action, ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms);
  }
}
