// Keeps the end of a growing log in view for as long as the reader wants that, and not a moment longer.
//
// The reader's wish shows in what they do (wheel, finger, keys, a selection), not in where the log stands:
// our own writes to scrollTop move it as well.

const NEAR_PIXELS = 48;
const UPWARD_KEYS = ['ArrowUp', 'PageUp', 'Home'];

export class Follower {
  #log;
  #jump;
  #pinned = true;
  #top = 0; // where the log stood last, and where we put it: a scroll event to there is our own
  #touchY = 0;

  /** `jump` is a button that goes to the end, shown while not there. */
  constructor(log, jump) {
    this.#log = log;
    this.#jump = jump;
    const on = (type, act) => log.addEventListener(type, act, { passive: true });
    on('wheel', (event) => event.deltaY < 0 && this.#unpin());
    on('touchstart', (event) => (this.#touchY = event.touches[0].clientY));
    on('touchmove', (event) => this.#touched(event.touches[0].clientY));
    on('scroll', () => this.#scrolled());
    document.addEventListener('keydown', (event) => this.#pressed(event));
    document.addEventListener('selectionchange', () => this.#selected());
    jump.addEventListener('click', () => {
      this.pin();
      log.focus({ preventScroll: true });
    });
    new ResizeObserver(() => this.follow()).observe(log);
  }

  /** Go to the end and stay there. */
  pin() {
    this.#pinned = true;
    this.follow();
  }

  /** The log may have grown: go to its end, if that is wanted; at once, a smooth way would be cut short. */
  follow() {
    if (this.#pinned) {
      this.#log.scrollTop = this.#isEmpty() ? 0 : this.#log.scrollHeight;
      this.#top = this.#log.scrollTop;
    }
    this.#jump.hidden = this.#pinned || this.#distance() < NEAR_PIXELS;
  }

  #unpin() {
    if (!this.#isEmpty() && this.#log.scrollHeight > this.#log.clientHeight) this.#pinned = false;
  }

  /** What greets there is read from its top. */
  #isEmpty() {
    return !this.#log.querySelector('article');
  }

  #distance() {
    return this.#log.scrollHeight - this.#log.clientHeight - this.#log.scrollTop;
  }

  #scrolled() {
    const moved = this.#log.scrollTop - this.#top;
    if (Math.abs(moved) < 1) return; // our own
    this.#top = this.#log.scrollTop;
    if (moved < 0 && this.#distance() > 1) this.#unpin();
    else if (moved > 0 && this.#distance() < NEAR_PIXELS) this.#pinned = true;
    this.#jump.hidden = this.#pinned || this.#distance() < NEAR_PIXELS;
  }

  #touched(y) {
    if (y > this.#touchY) this.#unpin();
    this.#touchY = y;
  }

  #pressed({ target, key, shiftKey }) {
    if (target.matches('textarea, input')) return;
    if (UPWARD_KEYS.includes(key) || (key === ' ' && shiftKey)) this.#unpin();
    if (key === 'End') this.#pinned = true;
  }

  #selected() {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && this.#log.contains(selection.anchorNode))
      this.#unpin();
  }
}
