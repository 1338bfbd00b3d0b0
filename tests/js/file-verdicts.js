// What the page says of files: reads a JSON list of them in base64, and writes one verdict for each.
import { Unreadable, kindOf } from '../../static/model/file-kinds.js';
import { pagesOf } from '../../static/model/pdf-pages.js';

const given = JSON.parse(await new Response(process.stdin).text());
console.log(
  JSON.stringify(await Promise.all(given.map((data) => verdict(Buffer.from(data, 'base64'))))),
);

async function verdict(buffer) {
  const bytes = new Uint8Array(buffer);
  try {
    const { kind, type, width, height, text } = kindOf(bytes);
    const pages = kind === 'pdf' ? await pagesOf(bytes) : null;
    return { kind, type, width: width ?? null, height: height ?? null, pages, text: text ?? null };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { refused: error.message };
  }
}
