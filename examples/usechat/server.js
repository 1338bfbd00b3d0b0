// Serves the page; every other request goes to claude-sse, so that the two are one origin.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

const PORT = Number(process.env.USECHAT_PORT ?? 5173);
const CLAUDE_SSE = new URL(
  process.env.CLAUDE_SSE ?? `http://localhost:${process.env.PORT || 3000}`,
);
const FILES = {
  '/': ['text/html', readFileSync('index.html')],
  '/page.js': ['text/javascript', readFileSync('dist/page.js')],
  '/page.css': ['text/css', readFileSync('dist/page.css')],
};

if (!process.env.CLAUDE_SSE && !(await isRunning())) await startClaudeSse();
createServer((asked, response) => {
  const file = FILES[asked.url.split('?')[0]];
  if (file && asked.method === 'GET') serve(file, response);
  else forward(asked, response);
}).listen(PORT, '127.0.0.1', () => console.log(`The page is at http://localhost:${PORT}`));

function isRunning() {
  return fetch(new URL('/healthz', CLAUDE_SSE)).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Runs script/server; the two end together. */
async function startClaudeSse() {
  const server = spawn('../../script/server', {
    stdio: 'inherit',
    env: { ...process.env, PORT: CLAUDE_SSE.port },
  });
  server.on('exit', (code) => process.exit(code ?? 1));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => server.kill(signal));
  while (!(await isRunning())) await setTimeout(200);
}

function serve([type, content], response) {
  response.writeHead(200, {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': 'no-store',
  });
  response.end(content);
}

/** Passes the request on as it is, `Host` and `Origin` included, and each piece of the response when it arrives. */
function forward(asked, response) {
  const { method, url: path, headers } = asked;
  const { hostname, port } = CLAUDE_SSE;
  const sent = request({ hostname, port, path, method, headers, agent: false }, (received) => {
    response.writeHead(received.statusCode, received.rawHeaders);
    received.on('error', () => response.destroy()).pipe(response); // broken off there, broken off here
  });
  sent.on('error', () => refuse(response));
  response.on('close', () => sent.destroy()); // a client that leaves here leaves there
  asked.pipe(sent);
}

function refuse(response) {
  if (response.headersSent) return response.destroy();
  const sentence = `No claude-sse answers at ${CLAUDE_SSE.origin}: start it with script/server.`;
  response.writeHead(502, { 'Content-Type': 'text/plain; charset=utf-8' }).end(sentence);
}
