// The little Markdown that most answers have, as React elements; for all of it take react-markdown.

const FENCE = /^```/;
const TABLE = /^\|/;
const ITEM = /^\s*(?:[-*]|\d+\.) /;
const HEADING = /^#{1,6} /;
const INLINE = /(`[^`\n]+`|\*\*[^*\n]+\*\*|\*[^*\s][^*\n]*\*)/;

export function Markdown({ text }) {
  return (
    <div className="text">
      {blocks(text.split('\n')).map(({ Block, lines }, n) => (
        <Block key={n} lines={lines} />
      ))}
    </div>
  );
}

/** Returns the lines in groups, each with the component that shows it. */
function blocks(lines) {
  const found = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last?.Block === Code && !last.isClosed) {
      if (FENCE.test(line)) last.isClosed = true;
      else last.lines.push(line);
      continue;
    }
    const Block = blockOf(line);
    if (Block === Code) found.push({ Block, lines: [] });
    else if (Block === last?.Block && Block !== Heading) last.lines.push(line);
    else found.push({ Block, lines: [line] });
  }
  return found.filter(({ Block }) => Block !== Gap);
}

function blockOf(line) {
  if (FENCE.test(line)) return Code;
  if (HEADING.test(line)) return Heading;
  if (TABLE.test(line)) return Table;
  if (ITEM.test(line)) return List;
  return line.trim() ? Paragraph : Gap;
}

function Gap() {}

function Code({ lines }) {
  return (
    <pre tabIndex={0}>
      <code>{lines.join('\n')}</code>
    </pre>
  );
}

function Heading({ lines: [line] }) {
  return <h3>{inline(line.replace(HEADING, ''))}</h3>;
}

function List({ lines }) {
  return (
    <ul>
      {lines.map((line, n) => (
        <li key={n}>{inline(line.replace(ITEM, ''))}</li>
      ))}
    </ul>
  );
}

function Table({ lines }) {
  const rows = lines
    .filter((line) => !/^[|:\s-]+$/.test(line))
    .map((line) => line.split('|').slice(1, -1));
  return (
    <div className="table" tabIndex={0}>
      <table>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, n) => {
                const Cell = row || !cell.trim() ? 'td' : 'th';
                return <Cell key={n}>{inline(cell)}</Cell>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Paragraph({ lines }) {
  return <p>{inline(lines.join('\n'))}</p>;
}

/** Returns the text as nodes: what an answer says never becomes HTML. */
function inline(text) {
  return text
    .trim()
    .split(INLINE)
    .map((piece, n) => {
      if (n % 2 === 0) return piece;
      if (piece.startsWith('`')) return <code key={n}>{piece.slice(1, -1)}</code>;
      return piece.startsWith('**') ? (
        <strong key={n}>{piece.slice(2, -2)}</strong>
      ) : (
        <em key={n}>{piece.slice(1, -1)}</em>
      );
    });
}
