// A tree as a foreign file has it becomes a list in which each node comes after its parent, whatever the file says:
// parents that are missing, that point in a circle, or that are the node itself.

/**
 * Return the ids in such an order, each with its parent; '' where it has none that counts.
 *
 * @param {string[]} ids
 * @param {(id: string) => string | undefined} parentOf
 * @returns {{ id: string, parent: string }[]}
 */
export function ordered(ids, parentOf) {
  const known = new Set(ids);
  /** @type {Map<string, string[]>} */
  const children = new Map();
  /** @type {string[]} */
  const roots = [];
  for (const id of known) {
    const parent = parentOf(id) ?? '';
    if (!known.has(parent) || parent === id) roots.push(id);
    else if (children.has(parent)) children.get(parent)?.push(id);
    else children.set(parent, [id]);
  }
  /** @type {Map<string, string>} by the order in which they are reached */
  const parents = new Map();
  for (const root of roots) reach(root);
  for (const id of known) if (!parents.has(id)) reach(id); // a circle is cut where it is met first
  return [...parents].map(([id, parent]) => ({ id, parent }));

  /** @param {string} root */
  function reach(root) {
    const waiting = [root];
    parents.set(root, '');
    for (let at = 0; at < waiting.length; at += 1) {
      for (const child of children.get(waiting[at]) ?? []) {
        if (parents.has(child)) continue;
        parents.set(child, waiting[at]);
        waiting.push(child);
      }
    }
  }
}
