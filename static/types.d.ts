// The shapes that travel between the page's modules; for the type checker and the reader, no browser loads it.

export interface Question {
  role: 'user';
  id: string;
  text: string;
  /** When it was asked, in ms. */
  at: number;
  /** The id of the message before it, '' where there is none; those with the same are its versions. */
  parent: string;
  /** When it was asked, in ms, and after all that was there: later messages have larger numbers. */
  n: number;
  /** The id of its conversation. */
  conversation: string;
  state?: undefined;
  /** What was attached; absent where nothing was. */
  files?: FileRef[];
}

/** A file of the reader's; its bytes are kept elsewhere, under its id (model/files.js). */
export interface FileRef {
  /** The digest of its bytes. */
  id: string;
  name: string;
  kind: 'image' | 'pdf' | 'text';
  /** As Claude has it: `image/png`, `application/pdf`, `text/plain`. */
  type: string;
  /** In bytes, as it is kept and sent. */
  size: number;
  /** Of an image, in pixels. */
  width?: number;
  height?: number;
  /** Of a PDF, where they can be counted. */
  pages?: number;
  /** Of a text, in bytes, as it stands in JSON with its escapes. */
  sent?: number;
}

/** What a file is by its bytes. */
export interface FileKind {
  kind: FileRef['kind'];
  type: string;
  width?: number;
  height?: number;
  /** Of a text, without a byte order mark. */
  text?: string;
}

/** What an answer cites, or what a search of it found. */
export interface Source {
  /** An http or https address; absent for a document of the question. */
  url?: string;
  title: string;
  age?: string;
  /** Which document of the question it is, and the id of that file. */
  ofFile?: number;
  file?: string;
  /** The number of its marks, from 1; absent where nothing is cited of it. */
  number?: number;
}

/** A passage of an answer's text that has a source. */
export interface Citation {
  /** Where the passage ends. */
  at: number;
  /** The index of its source. */
  source: number;
  /** The words that are cited. */
  quote?: string;
  page?: number;
  lastPage?: number;
}

/** What is sent beside the messages. */
export interface RequestOptions {
  system?: string;
  model?: string;
  effort?: string;
  web_search?: boolean;
  citations?: boolean;
}

/** What is known of a conversation beside its messages. */
export interface Meta {
  id: string;
  title: string;
  at: number;
  /** When the latest question was asked in it. */
  touched: number;
  /** When anything of this was changed last, in ms. */
  changed?: number;
  /** Its own instructions. */
  system?: string;
  /** The id of the model that answers in it, the effort ('' is the model's usual one), and whether it may search. */
  model?: string;
  effort?: string;
  webSearch?: boolean;
  /** When a version was chosen, in ms, by its message's id. */
  chosen?: Record<string, number>;
  /** When it was deleted, in ms: it is not listed, and removed for good later. */
  deleted?: number;
  /** When it was pinned, in ms: it stands above the others. */
  pinned?: number;
  /** When it was archived, in ms: it is listed apart, until something is asked in it. */
  archived?: number;
  /** The title is the reader's own choice. */
  renamed?: boolean;
  /** The reader has agreed that older files are left out where they are too much. */
  leavesOut?: boolean;
}

/** What the list of conversations shows. */
export interface Listing {
  metas: Meta[];
  /** The id of the one on the page, and of those in which an answer is written. */
  current: string;
  busy: Set<string>;
  /** What a search has found; absent where nothing is looked for. */
  found?: {
    words: string;
    ids: Map<string, import('./model/search-index.js').Found>;
    /** Nothing more is found. */
    isOver: boolean;
    /** Marks in an entry what was found. */
    mark: (entry: Element) => void;
  };
}

/** Where the reader was: a line of a message. */
export interface Place {
  message: string;
  /** In which block of its text the line begins, and after how many characters. */
  block: number;
  offset: number;
  /** Where it stood, in pixels below the log's upper edge. */
  top: number;
}

/** A conversation with everything in it. */
export interface ConversationData extends ImportedData {
  /** Those that are shown. */
  messages: Message[];
}

export interface ImportedData {
  meta: Meta;
  /** With every version. */
  all: Message[];
}

/** What is written and not sent. */
export interface Draft {
  text: string;
  /** The id of the question that is being changed, or ''. */
  editing: string;
  /** Changed questions by their ids. */
  edits: Record<string, string>;
  /** Those of the text under '', those of a changed question under its id; absent where there are none. */
  files?: Record<string, FileRef[]>;
}

/** A question as it is sent, and where: a place as drafts have it, or as the address does; absent where the reader is. */
export interface Asked {
  text: string;
  /** The id of the question that it is another version of, or ''. */
  editedId?: string;
  files?: FileRef[];
  place?: string;
  /** The question's, once it is asked. */
  id?: string;
  /** It is a draft again, because the page was left before it could be asked. */
  isBack?: boolean;
}

/** One turn of what is sent to Claude. */
export interface Turn {
  role: 'user' | 'assistant';
  /** A list where there are files. */
  content: string | ({ text: string } | { file: FileRef })[];
}

/** What answers in a conversation; '' is the default. */
export interface Choice {
  model: string;
  effort: string;
  webSearch: boolean;
}

/** What of a choice can be had. */
export interface FittedChoice {
  model?: Model;
  /** The id of the chosen model, where it is not listed. */
  gone: string;
  effort: string;
  webSearch: boolean;
}

/** What the operator pays, by GET /models: numbers per million tokens, by the beginnings of models' ids. */
export interface PriceList {
  currency: string;
  models: Record<string, Price>;
  /** Of 1,000 searches. */
  web_search: number | null;
}

/** What answers cost: whole numbers of a small unit (model/prices.js). */
export interface Cost {
  amount: bigint;
  /** Something is known of it; of the rest, `isLeast`, nothing is; `isRough`: counts are estimates. */
  isKnown: boolean;
  isLeast: boolean;
  isRough: boolean;
}

export interface Price {
  input: number;
  output: number;
  cache_write: number;
  cache_read: number;
}

/** As GET /models lists it. */
export interface Model {
  id: string;
  name: string;
  lifecycle: string;
  retires_at: string | null;
  efforts: string[];
  max_input_tokens?: number | null;
  web_search?: boolean;
  refuses?: string[];
}

/** As GET /sessions lists it; times in seconds. */
export interface Session {
  began: number;
  seen: number;
  address: string;
  browser: string;
  is_this: boolean;
}

/** Returns a function that shows a text in this element, given the whole text each time. */
export type GrowingText = (node: Element) => (whole: string) => void;

/** What shows Markdown; loaded when it is needed. */
export type MarkdownLibrary = typeof import('./markdown/library.js');

/** What is loaded when it is needed, by the name of its first file (system/parts.js). */
export interface Parts {
  'app/away.js': typeof import('./app/away.js');
  'app/exporting.js': typeof import('./app/exporting.js');
  'app/finding.js': typeof import('./app/finding.js');
  'app/importing.js': typeof import('./app/importing.js');
  'app/kept-files.js': typeof import('./app/kept-files.js');
  'app/measures.js': typeof import('./app/measures.js');
  'app/money.js': typeof import('./app/money.js');
  'app/missing.js': typeof import('./app/missing.js');
  'app/places.js': typeof import('./app/places.js');
  'app/refusals.js': typeof import('./app/refusals.js');
  'app/row-acts.js': typeof import('./app/row-acts.js');
  'app/sent-files.js': typeof import('./app/sent-files.js');
  'app/titling.js': typeof import('./app/titling.js');
  'markdown/copied.js': typeof import('./markdown/copied.js');
  'markdown/library.js': typeof import('./markdown/library.js');
  'markdown/typesetter.js': typeof import('./markdown/typesetter.js');
  'model/files.js': typeof import('./model/files.js');
  'model/pdf-pages.js': typeof import('./model/pdf-pages.js');
  'system/notifications.js': typeof import('./system/notifications.js');
  'system/workers.js': typeof import('./system/workers.js');
  'view/attachments.js': typeof import('./view/attachments.js');
  'view/conversation-list.js': typeof import('./view/conversation-list.js');
  'view/file-preview.js': typeof import('./view/file-preview.js');
  'view/message-files.js': typeof import('./view/message-files.js');
  'view/printing.js': typeof import('./view/printing.js');
  'view/row-menu.js': typeof import('./view/row-menu.js');
  'view/scaled-image.js': typeof import('./view/scaled-image.js');
  'view/session-list.js': typeof import('./view/session-list.js');
  'view/shortcut-sheet.js': typeof import('./view/shortcut-sheet.js');
  'view/sources.js': typeof import('./view/sources.js');
  'view/toast-place.js': typeof import('./view/toast-place.js');
  'view/unreachable.js': typeof import('./view/unreachable.js');
  'view/viewport.js': typeof import('./view/viewport.js');
}

/** An answer that is being written. */
export interface Run {
  conversation: import('./model/conversation.js').Conversation;
  answer: Answer;
  /** Ends it. */
  cancel: AbortController;
  /** Ends the use of its slot. */
  reading: AbortController;
  /** Its PUT has no answer yet. */
  sending: boolean;
  /** This tab reads it, and no other one. */
  follows?: boolean;
}

export interface Answer {
  role: 'assistant';
  /** Of the answer and of its stream: repeating a PUT under the same id cannot buy a second one. */
  id: string;
  parent: string;
  at: number;
  /** The same, by the monotonic clock. */
  began?: number;
  n: number;
  conversation: string;
  ask?: RequestOptions;
  /** Asked with the last turns only: `n` of the first message that was sent. */
  since?: number;
  text: string;
  thinking: string;
  state: 'streaming' | 'done' | 'stopped' | 'interrupted' | 'error';
  /** What an answer that is still streaming is doing. */
  phase: 'waiting' | 'thinking' | 'writing' | 'retrying' | 'busy' | 'reconnecting' | 'lost';
  /** Seconds until the next try, while retrying or busy. */
  delay: number;
  /** While busy: the server's sentence, which names the limit and when it ends. */
  said?: string;
  /** The last frame that is in this text; the two are always stored together. */
  lastEventId: number;
  /** The server has answered for this stream: from now on it is only followed. */
  accepted: boolean;
  /** The reader asked to stop; terminal frames may still arrive. */
  stopping: boolean;
  /** Of records without `parent`: asked again in the answer after it. */
  replaced?: boolean;
  /** Ms from the question to the first thought, the first word and the last word; and the time spent thinking. */
  thoughtAt?: number;
  firstMs?: number;
  lastMs?: number;
  thoughtMs?: number;
  /** The page has missed a part of it: those are estimates. */
  rough?: boolean;
  model?: string;
  stopReason?: string;
  usage?: Record<string, any>;
  sources?: Source[];
  citations?: Citation[];
  /** What was searched for, and why a search failed. */
  searches?: { query: string; failed?: string }[];
  /** What is searched for now. */
  searching?: string;
  /** How many files of earlier questions are only named in what is sent, the oldest first. */
  leftOut?: number;
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
  /** Before this time (ms, by the monotonic clock) asking again is pointless. */
  retryAt?: number;
}

/** What the reader can do about an answer that did not end as expected. */
export type Remedy = 'leave-out' | 'retry' | 'continue' | 'edit' | 'reconnect' | 'new';

export type Table = 'conversations' | 'messages';
export type StoredRecord = Meta | Message;

/** Where conversations are stored; a local store answers without a promise. */
export interface Store {
  all(table: 'conversations'): Meta[] | Promise<Meta[]>;
  all(table: 'messages'): Message[] | Promise<Message[]>;
  /** All of them, some at a time. */
  some(table: Table): AsyncIterable<any[]>;
  /** Those of one conversation, in order. */
  messages(conversation: string): Message[] | Promise<Message[]>;
  /** Answers that have not ended. */
  open(): Answer[] | Promise<Answer[]>;
  /** Make all of these changes or none. */
  write(changes: Change[]): unknown;
  /** What is stored cannot be read now; something that waits to be stored may be known all the same. */
  readonly isDown?: boolean;
}

/** What the tabs of this browser tell each other. */
export type Channel = Pick<BroadcastChannel, 'addEventListener' | 'postMessage'>;

/** The database itself, where it is open. */
export interface Disk {
  all(table: Table): Promise<any[]>;
  /** Some of them: those that follow on this id, which is '' at first; `last` is absent where no more follow. */
  some(table: Table, after: string): Promise<{ records: any[]; last?: string }>;
  messages(conversation: string): Promise<Message[]>;
  open(): Promise<Answer[]>;
  /** Make all of these changes or none. */
  write(changes: Change[]): Promise<unknown>;
}

/** Whether the browser's database works: `full` takes only a part of what is to be stored. */
export type StoreState = 'open' | 'down' | 'full';

/** What `localStorage` offers, as far as a store needs it. */
export interface StorageLike {
  [key: string]: any;
  getItem?(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A record to write, or the id of one to remove. */
export interface Change {
  table: Table;
  record?: StoredRecord;
  id?: string;
}

/** The object of a frame; keys unknown to a reader are skipped. */
export type Data = Record<string, any>;

/** The next request follows after this many ms; `said` is the sentence of a busy server. */
export interface Waiting {
  type: 'waiting';
  why: 'busy' | 'unreachable' | 'lost';
  ms: number;
  said: string;
}

export type StreamEvent =
  /** A PUT leaves: what it does on the server is not known yet. */
  | { type: 'sending' }
  /** The response's headers have arrived: 201 new, 200 joined or followed. */
  | { type: 'open'; status: number }
  | Waiting
  | { type: 'frame'; id: number; data: Data | '[DONE]' };

/** What the server answers to a DELETE. */
export interface StopReply {
  ended: boolean;
  last_event_id: number;
  stop_reason?: string;
}

/** An answer that holds a connection slot, or waits for one. */
export interface Holder {
  /** Whether the reader can see the answer. */
  isSeen(): boolean;
  /** Asks for the slot back; it is released soon after. */
  leave(): void;
  /** When it got its slot, in ms. */
  since: number;
}

export interface FollowOptions {
  /** JSON to PUT; without it an existing stream is followed. */
  body?: BodyInit;
  /** The last frame that was received. */
  lastEventId?: number;
  /** Ends the following, quietly. It does not stop the answer; `stop` does. */
  signal?: AbortSignal;
  /** Its `wake` event ends a wait, and cuts a connection that has been silent for `detail.silentFor` ms. */
  wake?: EventTarget;
  /** Called after each attempt to stop that the server did not confirm, with the HTTP status or 0. */
  onLost?: (status: number) => void;
  fetch?: typeof globalThis.fetch;
  timing?: Partial<Timing>;
}

/** Times in ms, and numbers of attempts. */
export interface Timing {
  /** A connection without a byte for this long is dead. */
  silence: number;
  /** The interval at which that is checked. */
  check: number;
  /** Doubles up to `longestDelay`; the stream's `retry:` replaces it. */
  firstDelay: number;
  longestDelay: number;
  /** A busy server that asks for a longer wait is not asked again. */
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
  /** Takes each finished table. */
  offerTable?: (table: Element) => void;
  /** Takes each new element that holds the source of a formula. */
  typeset?: ReturnType<typeof import('./markdown/typesetter.js').createTypesetter>;
  /** Called after each drawing; what it does there counts as part of it. */
  onDraw?: () => void;
  /** In ms. */
  now?: () => number;
  /** Calls `draw` with the first frame after `delay` ms. */
  schedule?: (draw: () => void, delay: number) => void;
}

/** Mathematics in a text. */
export interface Formula {
  /** Its place in the text. */
  start: number;
  end: number;
  /** As it was written, and without its delimiters. */
  source: string;
  content: string;
  /** It stands on lines of its own. */
  display: boolean;
}

/** An element of MathML as plain values, as a Worker can send it. */
export type MathTree =
  | { text: string }
  | {
      tag: string;
      attributes: Record<string, string>;
      classes: string[];
      style: Record<string, string>;
      kids: MathTree[];
    };

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
  /** What it shows is typeset on the page, and is no part of this tree. */
  formula?: Formula;
  /** Several blocks draw this one element, as the pieces of a table its head. */
  shared?: true;
}

export type Tree = Leaf | Branch;

/** A block or a piece of its text, as the parser yields it: its fields depend on its type. */
export type Token = any;

/** Definitions by the key of their label; that of a footnote holds its label. */
export type Links = Record<string, { href: string; title?: string | null; footnote?: string }>;

/** A block while it is parsed; which other fields it has depends on its type. */
export interface BlockNode {
  type: string;
  /** Where its first line begins in the source. */
  start: number;
  kids: BlockNode[];
  /** Its text without the marks of its containers. */
  lines: string[];
  /** Where each of them begins, and how far it is indented. */
  starts?: number[];
  indents?: number[];
  isOpen: boolean;
  parent?: BlockNode;
  endsBlank?: boolean;
  [field: string]: any;
}

/** Something in a text, before emphasis is paired. */
export type Part = any;

/** An opened bracket: its place in the text, and that of its part. */
export interface Bracket {
  at: number;
  end: number;
  isImage: boolean;
  part: number;
}

/**
 * What begins at this place: a token that ends at `end`; undefined for nothing; or HELD, where `open` says that the text
 * goes on, and only that decides. `next` knows where something comes next in the text.
 */
export type InlineRule = (
  text: string,
  at: number,
  options: { open: boolean; next: import('./markdown/parser/next.js').Next },
) => undefined | symbol | { type: string; end: number; [field: string]: any };

/**
 * What begins with this line (without indent): a token that takes all lines until one closes it (undefined: none will),
 * which has the text `close` within `reach` characters, before a line that it `refuses`, and before a blank one where `endsBlank`;
 * `isWhole`: it takes no more lines. `paragraph`: the lines of the one that goes on with this line.
 */
export type BlockRule = (
  line: string,
  paragraph: string[],
) =>
  | undefined
  | {
      type: string;
      closes: (line: string) => boolean | undefined;
      close?: string;
      refuses?: (line: string, isAfterBlank: boolean) => boolean;
      reach?: number;
      endsBlank?: boolean;
      isWhole?: boolean;
      [field: string]: any;
    };

export type DrawRule = (token: Token) => Branch;

export interface MarkdownExtension {
  name: string;
  /** By the first character. */
  inline?: Record<string, InlineRule>;
  block?: BlockRule;
  /** By the type of the token. */
  draw?: Record<string, DrawRule>;
}

export interface Fence {
  /** The opening one. */
  line: string;
  /** What the closing line looks like, and its beginning. */
  close: RegExp;
  mayClose: RegExp;
  closed: boolean;
  /** How many columns of each line's indentation are not code, and what that is. */
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
  asked?: Promise<void>;
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
  isEnd: boolean;
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
  direction?: string;
}

/** A text's tokens, the definitions in it, and where it can be cut. */
export interface Lexed {
  tokens: Token[];
  links: Links;
  /** Where the last block begins. */
  cut: number;
}
