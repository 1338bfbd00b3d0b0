// The types of blocks that hold others.

export const CONTAINERS = new Set([
  'document',
  'blockquote',
  'list',
  'list_item',
  'footnote',
  'details',
]);
