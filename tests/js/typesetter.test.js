// Formulas come from the Worker once each; whatever goes wrong, their source is shown.
import assert from 'node:assert/strict';
import test from 'node:test';

import { createTypesetter } from '../../static/markdown/typesetter.js';
import { document } from './markdown-rendering.js';

const formula = (content, display = false) => ({
  start: 0,
  end: content.length + 2,
  source: `$${content}$`,
  content,
  display,
});

/** A typesetter with the Worker at the test's own hand, and its clock. */
function typesetter() {
  const workers = [];
  const timers = [];
  const frames = [];
  const typeset = createTypesetter({
    start() {
      const worker = {
        asked: [],
        postMessage: (job) => worker.asked.push(job),
        terminate: () => (worker.gone = true),
      };
      worker.say = (data) => worker.onmessage({ data });
      worker.answer = (
        n,
        tree = { tag: 'math', attributes: {}, classes: [], style: {}, kids: [] },
      ) => worker.say({ key: worker.asked[n].key, tree });
      workers.push(worker);
      return worker;
    },
    soon: (run) => frames.push(run),
    later: (run, ms) => timers.push({ run, ms }),
    now: () => 0,
  });
  const place = (content, display, onDrawn) => {
    const node = document.createElement('span');
    node.textContent = `$${content}$`;
    typeset(node, formula(content, display), onDrawn);
    return node;
  };
  const frame = () => frames.splice(0).forEach((run) => run());
  const elapse = (ms) => timers.filter((timer) => timer.ms === ms).forEach(({ run }) => run());
  return { workers, place, frame, elapse };
}

const isWaiting = (node) => node.hasAttribute('data-waiting');
const isSource = (node) => node.textContent.startsWith('$') && !isWaiting(node);

test('a formula is hidden until it is read, and is read once for all its places', () => {
  const { workers, place, frame } = typesetter();
  const drawn = [];
  const nodes = [place('x', false, () => drawn.push('x')), place('x')];
  const [worker] = workers;
  assert.equal(worker.asked.length, 1);
  assert.ok(nodes.every(isWaiting));
  worker.say('loaded');
  worker.answer(0);
  nodes.push(place('x'));
  frame();
  nodes.push(place('x'));
  for (const node of nodes) assert.equal(node.firstElementChild.getAttribute('alttext'), 'x');
  assert.ok(!nodes.some(isWaiting));
  assert.deepEqual(drawn, ['x']);
  assert.equal(worker.asked.length, 1);
});

test('in a line and as a display the same source is two formulas', () => {
  const { workers, place } = typesetter();
  place('x', false);
  place('x', true);
  assert.deepEqual(
    workers[0].asked.map(({ display }) => display),
    [false, true],
  );
});

test('what the library refuses is shown as its source', () => {
  const { workers, place, frame } = typesetter();
  const node = place('\\wrong');
  workers[0].say({ key: workers[0].asked[0].key, tree: undefined });
  frame();
  assert.ok(isSource(node));
  assert.ok(isSource(place('\\wrong')));
});

test('after three seconds the source is shown, and the formula when it comes all the same', () => {
  const { workers, place, frame, elapse } = typesetter();
  const node = place('x');
  elapse(3000);
  assert.ok(isSource(node));
  workers[0].say('loaded');
  workers[0].answer(0);
  frame();
  assert.equal(node.firstElementChild.localName, 'math');
});

test('without the library all sources are shown, and nothing more is asked', () => {
  const { workers, place } = typesetter();
  const nodes = [place('x'), place('y')];
  workers[0].say('missing');
  assert.ok([...nodes, place('z')].every(isSource));
  assert.ok(workers[0].gone);
  assert.equal(workers.length, 1);
});

test('a formula that takes too long ends its Worker and is shown as its source; the others are read by the next', () => {
  const { workers, place, frame, elapse } = typesetter();
  const [bad, good] = [place('\\def\\a{\\a\\a}\\a'), place('y')];
  workers[0].say('loaded');
  elapse(1500);
  assert.ok(workers[0].gone);
  assert.deepEqual(
    workers[1].asked.map(({ content }) => content),
    ['y'],
  );
  workers[1].say('loaded');
  workers[1].answer(0);
  frame();
  assert.ok(isSource(bad));
  assert.equal(good.firstElementChild.localName, 'math');
});

test('a browser without Workers shows sources', () => {
  const typeset = createTypesetter({
    start() {
      throw new TypeError('no Workers');
    },
    later() {},
  });
  const node = document.createElement('span');
  node.textContent = '$x$';
  typeset(node, formula('x'));
  assert.ok(isSource(node));
});

test('a frame makes elements for a few hundred characters of source, and the next goes on', () => {
  const { workers, place, frame } = typesetter();
  const nodes = Array.from({ length: 10 }, (_, n) => place(`${'x+'.repeat(50)}${n}`));
  workers[0].say('loaded');
  nodes.forEach((_, n) => workers[0].answer(n));
  frame();
  const done = () => nodes.filter((node) => !isWaiting(node)).length;
  assert.ok(done() >= 1 && done() < 5, `${done()}`);
  for (let n = 0; n < 10; n++) frame();
  assert.equal(done(), 10);
});
