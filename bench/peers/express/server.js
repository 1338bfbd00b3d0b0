// The tutorial's shape in Express: ask Claude, write each text as a frame.
import cluster from 'node:cluster';

import Anthropic from '@anthropic-ai/sdk';
import express from 'express';

const workers = Number(process.env.WORKERS ?? 1);

if (workers > 1 && cluster.isPrimary) {
  for (let n = 0; n < workers; n += 1) cluster.fork();
} else {
  serve();
}

function serve() {
  const app = express();
  const client = new Anthropic({ maxRetries: 0 });
  app.use(express.json());
  app.post('/stream', (request, response) => answer(client, request, response));
  app.listen(Number(process.env.PORT), '127.0.0.1');
}

async function answer(client, request, response) {
  response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  const stream = client.messages.stream({
    model: 'claude-sonnet-5-5',
    max_tokens: 16000,
    messages: [{ role: 'user', content: request.body.prompt }],
  });
  response.on('close', () => stream.abort());
  try {
    stream.on('text', (text) => response.write(`data: ${JSON.stringify({ text })}\n\n`));
    await stream.finalMessage();
    response.write('data: [DONE]\n\n');
  } catch (error) {
    response.write(`data: ${JSON.stringify({ error: error.message })}\n\n`);
  }
  response.end();
}
