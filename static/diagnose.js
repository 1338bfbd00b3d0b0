// The page that shows how answers get from the server to this browser, without asking Claude.

import { findings, lateness, listen } from './network/diagnosis.js';
import { say, sentenceOf } from './system/words.js';
import { find, write } from './view/dom.js';

const button = find('#start');
const result = find('#result');

button.addEventListener('click', () => void diagnose());

async function diagnose() {
  if (button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  write(result, say('diagnose.listening'));
  try {
    write(result, await run());
  } catch {
    write(result, say('page.unreachable'));
  }
  button.ariaDisabled = 'false';
}

/** @returns {Promise<string>} */
async function run() {
  const began = performance.now();
  const now = () => (performance.now() - began) / 1000;
  const response = await fetch('diagnose/stream', { cache: 'no-store' });
  if (!response.ok) {
    const { error, code, retry_after: seconds } = await response.json();
    return sentenceOf(error, code, seconds);
  }
  const run = await listen(response, now);
  const [entry] = /** @type {PerformanceResourceTiming[]} */ (
    performance.getEntriesByName(response.url).slice(-1)
  );
  const late = run.frames.length ? Math.max(...lateness(run.frames)) : 0;
  const measured = [
    say('diagnose.frames', { count: run.frames.length, late: Math.round(late * 1000) }),
    say('diagnose.protocols', {
      here: entry?.nextHopProtocol || say('diagnose.unknown'),
      app: run.frames[0]?.fields.protocol ?? '?',
    }),
  ];
  const found = findings(run);
  const verdict = found.length ? [...found, say('diagnose.script')] : [say('diagnose.fine')];
  return [...verdict, ...measured].join('\n');
}
