// The English catalogue, for tests of modules that say something: importing this is enough.
import { readFileSync } from 'node:fs';

import { learn } from '../../static/system/words.js';

/** Return the texts of a language by their keys. */
export const catalogueOf = (tag) =>
  JSON.parse(readFileSync(new URL(`../../static/languages/${tag}.json`, import.meta.url), 'utf8'));

learn(catalogueOf('en'), 'en');
