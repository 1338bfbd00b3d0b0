// A Worker that reads formulas, so that none can hold the page: {key, content, display} comes in; 'loaded' goes out
// once the library is there or 'missing' where it is not, then for each formula {key, tree}.

import { load, treeOf } from './temml.js';

const loading = load().then(
  () => postMessage('loaded'),
  () => postMessage('missing'),
);

addEventListener('message', async ({ data: { key, content, display } }) => {
  await loading;
  postMessage({ key, tree: treeOf(content, display) });
});
