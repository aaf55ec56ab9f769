/* The page without a picture: the wordmark, and a sentence about what happens. */

/* A connection that is quick should show no words at all. */
const PATIENCE_MS = 500;

export class Screen {
  #root = document.getElementById('screen');
  #title = document.getElementById('screen-title');
  #detail = document.getElementById('screen-detail');
  #button = document.getElementById('screen-button');
  #progress = document.getElementById('screen-progress');
  #timer = 0;
  #action = null;

  constructor() {
    this.#button.addEventListener('click', () => this.#action?.());
  }

  /* Something goes on; the words come when it takes a while. */
  waiting(title, detail = '') {
    const isNew = this.#root.dataset.kind !== 'waiting';
    this.#open('waiting');
    this.#progress.hidden = false;
    this.#button.hidden = true;
    clearTimeout(this.#timer);
    if (isNew)
      this.#say('', '');
    this.#timer = setTimeout(() => this.#say(title, detail), isNew ? PATIENCE_MS : 0);
  }

  /* Nothing goes on before somebody does something. */
  stopped({ title, detail, button }, action) {
    clearTimeout(this.#timer);
    this.#open('stopped');
    this.#progress.hidden = true;
    this.#say(title, detail);
    this.#action = action;
    this.#button.hidden = !button;
    this.#button.textContent = button ?? '';
    if (button)
      this.#button.focus();
  }

  /* The picture is there. */
  close() {
    clearTimeout(this.#timer);
    this.#root.classList.add('gone');
    this.#root.inert = true;
    delete this.#root.dataset.kind;
  }

  #open(kind) {
    this.#root.dataset.kind = kind;
    this.#root.classList.remove('gone');
    this.#root.inert = false;
  }

  #say(title, detail) {
    this.#title.textContent = title;
    this.#detail.textContent = detail;
  }
}
