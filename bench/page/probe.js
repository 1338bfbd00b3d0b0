// Watches a page, whichever, from outside: when the reader of its fetch yields the text that ends with @n,
// and when the first frame that shows @n is painted. It runs only while something arrived is not yet shown.
//
//   read() yields @n ── page works ── frame: rAF, style, layout, [what is shown?], paint ── task: painted
//
// The question is asked in a ResizeObserver, the last that runs before paint; the task behind it has the
// highest priority, so that it waits for this frame's paint and for nothing else.
{
  const watched = { arrived: [], latencies: [], shown: 0, spent: 0, answer: '' };
  Object.assign(globalThis, { watched });
  const last = (text) => Number(/@(\d+)(?!.*@\d)/s.exec(text)?.[1] ?? 0);

  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = function () {
    const result = read.call(this);
    result.then(({ value }) => value && arrive(value), () => {});
    return result;
  };

  const decoder = new TextDecoder();
  function arrive(bytes) {
    const now = performance.now();
    if (typeof bytes === 'string') return;
    const n = last(decoder.decode(bytes));
    for (let known = watched.arrived.length || 1; known <= n; known += 1) watched.arrived[known] = now;
    watched.spent += performance.now() - now;
    ask();
  }

  // Its size changes with each frame that is asked about.
  const pulse = document.createElement('div');
  pulse.style.cssText = 'position:fixed;height:0;visibility:hidden;contain:strict';
  let asked = false;
  let wide = false;
  function ask() {
    if (asked || watched.shown >= watched.arrived.length - 1) return;
    asked = true;
    requestAnimationFrame(() => {
      if (!pulse.isConnected) document.documentElement.append(pulse);
      wide = !wide;
      pulse.style.width = wide ? '1px' : '2px';
    });
  }
  new ResizeObserver(() => {
    if (!asked) return;
    asked = false;
    const began = performance.now();
    const shown = seen();
    watched.spent += performance.now() - began;
    scheduler.postTask(() => painted(shown), { priority: 'user-blocking' });
    ask();
  }).observe(pulse);

  /** The last number in the answer; whatever is drawn is drawn at its end. */
  function seen() {
    const answer = [...document.querySelectorAll(watched.answer)].at(-1);
    if (!answer) return 0;
    const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
    let node = walker.lastChild();
    for (let more; node && (more = walker.lastChild()); ) node = more;
    for (let tries = 0; node && tries < 50; tries += 1, node = walker.previousNode()) {
      const n = last(node.substringData(Math.max(0, node.length - 300), 300));
      if (n) return n;
    }
    return 0;
  }

  function painted(shown) {
    const now = performance.now();
    for (let n = watched.shown + 1; n <= shown; n += 1) watched.latencies.push(now - watched.arrived[n]);
    watched.shown = Math.max(watched.shown, shown);
  }
}
