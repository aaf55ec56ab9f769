/* One quiet line over the picture. What lasts is shown until it is over; what is brief goes by
 * itself and uncovers what lasts. */

const BRIEF_MS = 7000;

export class NoticeLine {
  #root = document.getElementById('notice');
  #words = document.getElementById('notice-words');
  #lasting = null;
  #brief = null;
  #timer = 0;

  /* tone: 'info', 'warn' or 'error'. */
  brief(text, tone = 'info') {
    clearTimeout(this.#timer);
    this.#brief = { text, tone };
    this.#timer = setTimeout(() => {
      this.#brief = null;
      this.#show();
    }, BRIEF_MS);
    this.#show();
  }

  /* Null when it is over. */
  lasting(text, tone = 'info') {
    this.#lasting = text ? { text, tone } : null;
    this.#show();
  }

  /* All is well. */
  clear() {
    clearTimeout(this.#timer);
    this.#brief = null;
    this.lasting(null);
  }

  #show() {
    const now = this.#brief ?? this.#lasting;
    this.#root.hidden = !now;
    if (!now)
      return;
    this.#root.dataset.tone = now.tone;
    if (this.#words.textContent !== now.text)
      this.#words.textContent = now.text;
  }
}
