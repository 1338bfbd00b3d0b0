// Keeps the end of a growing log in view for as long as the reader wants that, and not a moment longer.
//
// The reader's wish shows in what they do (wheel, finger, keys, a selection), not in where the log stands:
// our own writes to scrollTop move it as well.

const NEAR_PIXELS = 48;
const UPWARD_KEYS = ['ArrowUp', 'PageUp', 'Home'];

export class Autoscroll {
  #log;
  #jump;
  #pinned = true;
  #top = 0; // the last known position; a scroll event to there is our own
  #touchY = 0;

  /** `jump` is a button that goes to the end, shown while not there. @param {HTMLElement} log @param {HTMLElement} jump */
  constructor(log, jump) {
    this.#log = log;
    this.#jump = jump;
    this.#listenTo(log);
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

  /** Whether the end is kept in view. */
  get isFollowing() {
    return this.#pinned;
  }

  /** Follow the end no longer. */
  release() {
    this.#pinned = false;
  }

  /** Move the text up by this many pixels, which is not the reader's wish. @param {number} pixels */
  shift(pixels) {
    this.#log.scrollTop += pixels;
    this.#top = this.#log.scrollTop;
    this.#showJump();
  }

  /** Keep this element where it was; at the end of the log, the end is followed. @param {Element} element @param {number} top where it was, in pixels */
  hold(element, top) {
    this.#log.scrollTop += element.getBoundingClientRect().top - top;
    this.#top = this.#log.scrollTop;
    this.#pinned = this.#distance() < NEAR_PIXELS;
    this.#showJump();
  }

  /** The log may have grown: go to its end if that is wanted, without animation, which would be cut short. */
  follow() {
    if (this.#pinned) {
      this.#log.scrollTop = this.#isEmpty() ? 0 : this.#log.scrollHeight;
      this.#top = this.#log.scrollTop;
    }
    this.#showJump();
  }

  /** @param {HTMLElement} log */
  #listenTo(log) {
    const options = { passive: true };
    log.addEventListener('wheel', ({ deltaY }) => deltaY < 0 && this.#unpin(), options);
    log.addEventListener(
      'touchstart',
      ({ touches }) => (this.#touchY = touches[0].clientY),
      options,
    );
    log.addEventListener('touchmove', ({ touches }) => this.#touched(touches[0].clientY), options);
    log.addEventListener('scroll', () => this.#scrolled(), options);
  }

  #unpin() {
    if (!this.#isEmpty() && this.#log.scrollHeight > this.#log.clientHeight) this.#pinned = false;
  }

  /** An empty log shows a greeting, which is read from its top. */
  #isEmpty() {
    return !this.#log.querySelector('article');
  }

  #distance() {
    return this.#log.scrollHeight - this.#log.clientHeight - this.#log.scrollTop;
  }

  #showJump() {
    this.#jump.hidden = this.#pinned || this.#distance() < NEAR_PIXELS;
  }

  #scrolled() {
    const moved = this.#log.scrollTop - this.#top;
    if (Math.abs(moved) < 1) return; // our own
    this.#top = this.#log.scrollTop;
    if (moved < 0 && this.#distance() > 1) this.#unpin();
    else if (moved > 0 && this.#distance() < NEAR_PIXELS) this.#pinned = true;
    this.#showJump();
  }

  /** @param {number} y */
  #touched(y) {
    if (y > this.#touchY) this.#unpin();
    this.#touchY = y;
  }

  /** @param {KeyboardEvent} event */
  #pressed({ target, key, shiftKey }) {
    if (/** @type {Element} */ (target).matches('textarea, input')) return;
    if (UPWARD_KEYS.includes(key) || (key === ' ' && shiftKey)) this.#unpin();
    if (key === 'End') this.#pinned = true;
  }

  #selected() {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && this.#log.contains(selection.anchorNode))
      this.#unpin();
  }
}
