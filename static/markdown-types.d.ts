// The shapes that travel between the modules that show Markdown; for the type checker and the reader, no
// browser loads it.

export interface Options {
  /** Takes each block of code with a language once it is complete. */
  highlight?: (code: Element, language: string) => void;
  /** Called after each drawing; what it does there counts as part of it. */
  onDraw?: () => void;
  /** In ms. */
  now?: () => number;
  /** Calls `draw` with the first frame after `delay` ms. */
  schedule?: (draw: () => void, delay: number) => void;
}

/** A text that is or will be on the page. */
export interface Leaf {
  text: string;
  node?: Text;
}

/** An element that is or will be on the page. */
export interface Branch {
  tag: string;
  attributes: Record<string, string>;
  kids: Tree[];
  node?: Element;
  /** What a block was made from: the same makes the same. */
  origin?: string;
}

export type Tree = Leaf | Branch;

/** What marked yields; its own type ends in a generic token, which makes any of it. */
export type Token = any;

/** Definitions by label. */
export type Links = Record<string, { href: string; title?: string | null }>;

export interface Fence {
  /** The opening one. */
  line: string;
  char: string;
  /** What the closing line looks like. */
  close: RegExp;
  closed: boolean;
  /** How much of each line's indentation is not code. */
  indent: number;
}

/**
 * Writes the lines that are certain and returns the others: the incomplete last one, unless it is said to
 * be complete, or what follows the closing one.
 */
export type FenceWriter = (text: string, ended?: boolean) => { closed: boolean; left: string };

/** A piece of text of one colour. */
export interface Span {
  colour: string;
  startContainer: Text;
  startOffset: number;
  endContainer: Text;
  endOffset: number;
}

/** Code that may be highlighted; it has ranges while it is near the screen. */
export interface CodeNearby {
  language: string;
  near?: boolean;
  spans?: Promise<Span[]>;
  ranges: [Highlight, StaticRange][];
}
