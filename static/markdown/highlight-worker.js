// A Worker that colours code: {language, text} comes in, 'loaded' goes out once the language is there, then the parts.

import { load, partsOf } from './prism.js';

addEventListener('message', async ({ data: { language, text } }) => {
  try {
    await load(language);
  } catch {
    return postMessage({ parts: new Int32Array() }); // its library is not installed
  }
  postMessage('loaded');
  const parts = partsOf(text, language);
  postMessage({ parts }, { transfer: [parts.buffer] });
});
