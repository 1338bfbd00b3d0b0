// Asks with the openai client as it is told: a line of JSON in, a line of JSON out.
import { createInterface } from 'node:readline';
import OpenAI from 'openai';

async function ask(
  baseURL,
  {
    kind,
    key = 'any',
    leave_after: leaveAfter,
    timeout = 60,
    max_retries: maxRetries = 2,
    ...order
  },
) {
  const found = { text: '', thought: '', finish: null, usage: null };
  const take = (part, message) => {
    found.text += message?.content ?? '';
    found.thought += message?.reasoning_content ?? '';
    found.finish = part.choices[0]?.finish_reason ?? found.finish;
    found.usage = part.usage ?? found.usage;
  };
  try {
    const client = new OpenAI({ baseURL, apiKey: key, timeout: timeout * 1000, maxRetries });
    if (kind === 'models') return (await client.models.list()).data;
    if (kind === 'model') return await client.models.retrieve(order.id);
    const answer = await client.chat.completions.create(order);
    if (!order.stream) take(answer, answer.choices[0].message);
    let count = 0;
    for await (const chunk of order.stream ? answer : []) {
      take(chunk, chunk.choices[0]?.delta);
      if (++count === leaveAfter) break;
    }
  } catch (error) {
    const names = [];
    for (let at = error; at?.constructor?.name; at = Object.getPrototypeOf(at)) {
      names.push(at.constructor.name);
    }
    const { status, code, type, param, message } = error;
    found.error = { class: names, message, status_code: status, code, type, param };
  }
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [number, baseURL, order] = JSON.parse(line);
  console.log(JSON.stringify([number, await ask(baseURL, order)]));
}
