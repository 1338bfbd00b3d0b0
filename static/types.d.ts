// The shapes that travel between the page's modules; for the type checker and the reader, no browser loads it.

export interface Question {
  role: 'user';
  id: string;
  text: string;
  /** When it was asked, in ms. */
  at: number;
  /** Its place: later messages have larger numbers. */
  n: number;
  /** The id of its conversation. */
  conversation: string;
  state?: undefined;
}

/** What is sent beside the messages. */
export interface Ask {
  system?: string;
  model?: string;
  effort?: string;
}

/** What is known of a conversation beside its messages. */
export interface Meta {
  id: string;
  title: string;
  at: number;
  /** When something was asked in it last. */
  touched: number;
  /** Its own instructions. */
  system?: string;
}

export interface Whole {
  meta: Meta;
  messages: Message[];
}

/** As GET /models lists it. */
export interface Model {
  id: string;
  name: string;
  lifecycle: string;
  retires_at: string | null;
  efforts: string[];
}

export interface MarkdownLibrary {
  createRenderer: typeof import('./markdown/renderer.js').createRenderer;
  highlighter: ReturnType<typeof import('./markdown/highlight.js').createHighlighter>;
}

export interface Answer {
  role: 'assistant';
  /** Of the answer and of its stream: repeating a PUT under the same id cannot buy a second one. */
  id: string;
  at: number;
  n: number;
  conversation: string;
  ask?: Ask;
  text: string;
  thinking: string;
  state: 'streaming' | 'done' | 'stopped' | 'interrupted' | 'error';
  /** What an answer that is still streaming is doing. */
  phase: 'waiting' | 'thinking' | 'writing' | 'retrying' | 'busy' | 'reconnecting' | 'lost';
  /** Seconds until the next try, while retrying or busy. */
  delay: number;
  /** While busy: the server's sentence, which limit it is and when it ends. */
  said?: string;
  /** The last frame that is in this text; the two are always stored together. */
  lastEventId: number;
  /** The server has answered for this stream: from now on it is only followed. */
  accepted: boolean;
  /** The reader asked to stop; the stream's last words may still come. */
  stopping: boolean;
  /** Asked again: kept for the eye, not sent to Claude. */
  replaced: boolean;
  /** Ms from the question to the first thought, the first word and the last; and how long it thought. */
  thoughtAt?: number;
  firstMs?: number;
  lastMs?: number;
  thoughtMs?: number;
  /** The page was not there all the time: those are estimates. */
  rough?: boolean;
  model?: string;
  stopReason?: string;
  usage?: Record<string, any>;
  problem?: Problem;
}

export type Message = Question | Answer;

export interface Problem {
  /** One sentence for the reader. */
  message: string;
  code: string;
  retryable: boolean;
  /** The HTTP status of a refusal; 0 where there was no response. */
  status?: number;
  requestId?: string;
  /** Before this time (ms) asking again is of no use. */
  retryAt?: number;
}

/** What can be done about an answer that is not simply done. */
export type Remedy = 'retry' | 'continue' | 'edit' | 'reconnect' | 'new';

export type Table = 'conversations' | 'messages';
export type Kept = Meta | Message;

/** Where conversations are kept. */
export interface Store {
  all(table: Table): any;
  messages(conversation: string): any;
  /** Answers that have not ended. */
  open(): any;
  /** All of them or none. */
  write(changes: Change[]): unknown;
}

/** A record to write, or the id of one to remove. */
export interface Change {
  table: Table;
  record?: Kept;
  id?: string;
}

/** The object of a frame; keys unknown to a reader are skipped. */
export type Data = Record<string, any>;

export type StreamEvent =
  /** A PUT leaves: what it does on the server is not known yet. */
  | { type: 'sending' }
  /** The head came: 201 new, 200 joined or followed. */
  | { type: 'open'; status: number }
  /** So many ms until the next try. */
  | { type: 'waiting'; why: 'busy' | 'unreachable' | 'lost'; ms: number; said: string }
  | { type: 'frame'; id: number; data: Data | '[DONE]' };

export interface FollowOptions {
  /** JSON to PUT; without it an existing stream is followed. */
  body?: string;
  /** The last frame that was received. */
  lastEventId?: number;
  /** Ends the following, quietly. It does not stop the answer: see `stop`. */
  signal?: AbortSignal;
  /** Its `wake` event ends a wait, and a reading that has heard nothing for `detail.silentFor` ms. */
  wake?: EventTarget;
  /** Called each time that a stop could not be told to the server. */
  onLost?: (status: number) => void;
  fetch?: typeof globalThis.fetch;
  timing?: Partial<Timing>;
}

/** Milliseconds, and how often. */
export interface Timing {
  /** Without a byte for so long, a connection is dead. */
  silence: number;
  /** How often that is looked at. */
  check: number;
  /** Doubles up to `longestDelay`; the stream's `retry:` replaces it. */
  firstDelay: number;
  longestDelay: number;
  /** A server that asks for more patience than this gets none. */
  longestBusy: number;
  puts: number;
  busyPuts: number;
  gets: number;
  /** How long a DELETE may take. */
  stop: number;
}

export interface ServerSentEvent {
  type: string;
  data: string;
  /** The last event id as of this event, also when the event brought none of its own. */
  id: string;
}

export interface ParserOptions {
  onEvent(event: ServerSentEvent): void;
  onRetry?(milliseconds: number): void;
  lastEventId?: string;
  /** Characters that one event may hold: a server that never ends one must not fill the memory. */
  maxSize?: number;
}

export interface RendererOptions {
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
  /** What the closing line looks like, and its beginning. */
  close: RegExp;
  mayClose: RegExp;
  closed: boolean;
  /** How much of each line's indentation is not code, and what that is. */
  indent: number;
  marks?: RegExp;
}

/**
 * Writes what is certain and returns the rest: the beginning of a line that may be the closing one, unless the text
 * is said to have ended, or what follows the closing one.
 */
export type BlockWriter = (text: string, ended?: boolean) => { closed: boolean; left: string };

/** Code that may have colours. */
export interface CodeNearby {
  language: string;
  element: Element;
  chunks: ColouredChunk[];
  /** The Worker has been asked for its colours. */
  asked?: boolean;
  gone?: boolean;
}

/** A chunk of code; it has ranges while it is near the screen. */
export interface ColouredChunk {
  code: CodeNearby;
  element: Element;
  node: Text;
  near?: boolean;
  /** Three numbers for each coloured part: colour, start, end. */
  parts: number[];
  ranges: { highlight: Highlight; range: StaticRange }[];
}

/** Final text, to be drawn again when a definition completes it. */
export interface Settled {
  raw: string;
  /** Its block goes on after it; `continuation` is the block that it continues itself. */
  growing: boolean;
  continuation?: Continuation;
  trees: Branch[];
}

/** What is final of a list or table that still grows. */
export interface Continuation {
  start: number;
  loose?: boolean;
  /** Items or rows. */
  count: number;
  /** Its last part takes more. */
  open: boolean;
  /** All its parts on the page. */
  nodes: Set<any>;
}

/** A text's tokens, and the definitions in it. */
export interface Lexed {
  tokens: Token[];
  links: Links;
}
