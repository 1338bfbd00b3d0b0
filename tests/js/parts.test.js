// Parts that are loaded when they are needed, over a network that does not always work.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PartMissing, know, load } from '../../static/system/parts.js';

const NAME = 'model/pdf-pages.js';

test('a part is loaded with all its files, once, and after a failure it can be loaded again', async () => {
  know({ [NAME]: [NAME, 'model/none-such.js'] });
  await assert.rejects(load(NAME), PartMissing);
  know({ [NAME]: [NAME, 'model/shortened.js'] });
  const [part, same] = await Promise.all([load(NAME), load(NAME)]);
  assert.equal(typeof part.pagesOf, 'function');
  assert.equal(same, part);
  know({ [NAME]: ['model/none-such.js'] });
  assert.equal(await load(NAME), part);
});
