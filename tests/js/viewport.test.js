// What an on-screen keyboard leaves of the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { areaOf } from '../../static/view/viewport.js';

test('a page of which all can be seen is laid out as ever', () => {
  assert.equal(areaOf({ height: 844, offsetTop: 0, scale: 1 }, 844), null);
  assert.equal(areaOf({ height: 830.4, offsetTop: 0, scale: 1 }, 844), null); // a bar of the browser's
});

test('a page that a keyboard covers is as high as what is left, and where that is', () => {
  assert.deepEqual(areaOf({ height: 508, offsetTop: 0, scale: 1 }, 844), { height: 508, top: 0 });
  assert.deepEqual(areaOf({ height: 508, offsetTop: 90, scale: 1 }, 844), { height: 508, top: 90 });
});

test('a page that the reader has zoomed in on stays as it is', () => {
  assert.equal(areaOf({ height: 422, offsetTop: 100, scale: 2 }, 844), undefined);
});
