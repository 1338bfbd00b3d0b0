// What an on-screen keyboard leaves of the page. Most browsers make the page itself smaller (`interactive-widget`);
// where they lay the keyboard over it (iOS), the page fits itself into what is left.

/** A smaller difference is a bar of the browser's. */
const LEAST_PIXELS = 24;

/** @typedef {Pick<VisualViewport, 'height' | 'offsetTop' | 'scale'>} Visible */

/** Keep the whole page in what can be seen of it now. */
export function fitKeyboard() {
  const { visualViewport: visible } = window;
  if (visible) show(areaOf(visible, innerHeight));
}

/**
 * Return the height and the top of what a keyboard leaves, in pixels; null where there is none; undefined while the
 * reader has zoomed in, which is not a reason to lay out anything.
 *
 * @param {Visible} visible
 * @param {number} whole the height of the page
 */
export function areaOf({ height, offsetTop, scale }, whole) {
  if (Math.abs(scale - 1) > 0.01) return undefined;
  return whole - height < LEAST_PIXELS ? null : { height, top: offsetTop };
}

/** @param {ReturnType<typeof areaOf>} area */
function show(area) {
  if (area === undefined) return;
  const { style, dataset } = document.documentElement;
  if (!area) return void delete dataset.keyboard;
  dataset.keyboard = '';
  style.setProperty('--visible-height', `${area.height}px`);
  style.setProperty('--visible-top', `${area.top}px`);
}
