// The page that shows how answers get from the server to this browser, without asking Claude.

import { findings, lateness, listen } from './network/diagnosis.js';
import { find, write } from './view/dom.js';

const button = find('#start');
const result = find('#result');

button.addEventListener('click', () => void diagnose());

async function diagnose() {
  if (button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  write(result, 'Listening …');
  try {
    write(result, await run());
  } catch {
    write(result, 'The server cannot be reached: check the connection, and try again.');
  }
  button.ariaDisabled = 'false';
}

/** @returns {Promise<string>} */
async function run() {
  const began = performance.now();
  const now = () => (performance.now() - began) / 1000;
  const response = await fetch('diagnose/stream', { cache: 'no-store' });
  if (!response.ok) return (await response.json()).error;
  const run = await listen(response, now);
  const [entry] = /** @type {PerformanceResourceTiming[]} */ (
    performance.getEntriesByName(response.url).slice(-1)
  );
  const late = run.frames.length ? Math.max(...lateness(run.frames)) : 0;
  const measured = [
    `${run.frames.length} frames, the latest ${Math.round(late * 1000)} ms late`,
    `${entry?.nextHopProtocol || 'unknown protocol'} here, ${run.frames[0]?.fields.protocol ?? '?'} at the app`,
  ];
  const found = findings(run);
  const verdict = found.length
    ? [...found, 'script/diagnose names the layer and what to write into its file.']
    : ['Every frame arrived when it was sent, and the silence was survived.'];
  return [...verdict, ...measured].join('\n');
}
