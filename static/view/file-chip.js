// A file as the reader sees it: a small picture, its name and size. A click shows it large.

import { megabytes } from '../model/file-limits.js';
import { files } from '../model/files.js';
import { load } from '../system/parts.js';
import { atMost, untilDone } from '../system/time.js';
import { number, say } from '../system/words.js';
import { make, part } from './dom.js';

/** @import { FileRef } from '../types.js' */

const NEAR = '600px';
/** @type {WeakMap<Element, () => void>} */
const onNear = new WeakMap();
/** Pictures are made one after the other, each when it comes near the screen; one that takes long delays no other. */
let queue = Promise.resolve();

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      onNear.get(target)?.();
    }
  },
  // Of the conversation, which scrolls within the page, too; the types do not know that yet.
  /** @type {IntersectionObserverInit} */ ({ rootMargin: NEAR, scrollMargin: NEAR }),
);

/** Return the element that shows this file. @param {FileRef} ref @param {string} [more] another fact about it */
export function chipFor(ref, more = '') {
  const detail = more ? `${megabytes(ref.size)}, ${more}` : detailOf(ref);
  const chip = make('li', { className: 'chip' });
  const open = make('button', {
    type: 'button',
    className: 'show',
    title: `${ref.name}, ${detailOf(ref)}`,
  });
  const picture = make('span', { className: 'picture', ariaHidden: 'true' });
  const words = make('span', { className: 'words' });
  picture.textContent = ref.kind === 'image' ? '' : ref.kind === 'pdf' ? 'PDF' : 'TXT';
  words.append(
    make('b', { textContent: ref.name, dir: 'auto' }),
    make('small', { textContent: detail }),
  );
  open.append(picture, words);
  open.addEventListener('click', () => show(ref));
  chip.append(open);
  Object.assign(chip.dataset, { file: ref.id, kind: ref.kind });
  if (ref.kind === 'image') {
    onNear.set(chip, () => untilDone(inTurn(ref, chip), () => onNear.has(chip)));
    near.observe(chip);
  }
  return chip;
}

/** Return the button that takes this file away. @param {string} name @param {() => void} onclick */
export function removalOf(name, onclick) {
  const ariaLabel = say('file.remove', { file: name });
  const properties = { type: 'button', className: 'remove', textContent: '×', ariaLabel, onclick };
  return make('button', properties);
}

/** @param {HTMLElement} list of chips */
export function hideIfEmpty(list) {
  list.hidden = !list.children.length;
}

/** The chip is no longer shown: its picture's memory is given back. @param {Element} chip */
export function release(chip) {
  near.unobserve(chip);
  onNear.delete(chip);
  const image = chip.querySelector('img');
  if (image) URL.revokeObjectURL(image.src);
}

/** @param {FileRef} ref */
function detailOf({ kind, size, width, height, pages }) {
  if (kind === 'image') return `${number(width ?? 0)} × ${number(height ?? 0)}, ${megabytes(size)}`;
  return pages ? say('file.pages', { count: pages, size: megabytes(size) }) : megabytes(size);
}

/** Return what draws the picture when it is its turn. @param {FileRef} ref @param {Element} chip */
function inTurn(ref, chip) {
  return () => {
    const drawn = queue.then(() => draw(ref, chip));
    queue = atMost(drawn).catch(() => {});
    return drawn;
  };
}

/** Reject where the picture may be drawn later. @param {FileRef} ref @param {Element} chip */
async function draw({ id }, chip) {
  if (!onNear.has(chip)) return; // it is gone
  const blob = await files.blob(id);
  if (!blob) return markGone(chip);
  const { thumbnailOf, Undecodable } = await load('view/scaled-image.js');
  const thumbnail = await thumbnailOf(blob).catch((error) => {
    if (!(error instanceof Undecodable)) throw error;
  });
  if (thumbnail) await showPicture(chip, URL.createObjectURL(thumbnail));
  else markUnseen(chip);
}

/** @param {Element} chip @param {string} src */
async function showPicture(chip, src) {
  const image = make('img', { src, alt: say('file.image'), draggable: false });
  try {
    await image.decode();
    const picture = part(chip, '.picture');
    picture.ariaHidden = null;
    picture.replaceChildren(image);
  } finally {
    if (!onNear.has(chip) || !image.isConnected) URL.revokeObjectURL(src);
  }
}

/** What no browser can open, Claude probably cannot, either. @param {Element} chip */
function markUnseen(chip) {
  part(chip, '.picture').textContent = '▣';
  part(chip, 'small').textContent += `, ${say('file.unseen')}`;
}

/** @param {Element} chip */
function markGone(chip) {
  part(chip, 'small').textContent = say('file.lost');
}

/** @param {FileRef} ref */
async function show(ref) {
  const { showFile } = await load('view/file-preview.js');
  await showFile(ref);
}
