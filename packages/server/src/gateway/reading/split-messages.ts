import { invalidRequest } from "../../platform/errors.ts";
import { decodeBody, readJsonBody } from "../../platform/http/bodies/json-body.ts";
import { parseJson } from "../../platform/http/bodies/json-text.ts";

/** A message of a request, as the bytes that were sent. */
export class RawMessage {
  /** Private, so that checks of the request around it do not walk through it. */
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }
}

export interface SplitOptions {
  /** The list of the request that has the messages. */
  list: string;
  /** The field of its entries that is the message; left out, the entry itself is. */
  field?: string;
  /** Most messages of a request. */
  messages: number;
  /** Most values that its messages have together. */
  values: number;
  /** Most bytes of a message. Larger ones do not count for `values`: they are not taken. */
  bytes: number;
}

interface Extent {
  start: number;
  end: number;
  /** How many values it has, if it is valid JSON. */
  values: number;
}

/**
 * Makes the parser of requests with messages of devices. It leaves each message as its bytes, to be read as one that came over
 * MQTT: what is wrong with one is no fault of the request, and does not take the others with it. The parser throws `invalid_json`
 * or `invalid_request` for what is wrong around the messages, or where that cannot be told apart.
 */
export function messageSplitter(options: SplitOptions): (body: Buffer) => unknown {
  const { bytes: mostBytes, values: mostValues } = options;
  return (body) => {
    const extents = findMessages(body, options);
    if (!extents) return readJsonBody(body);
    const envelope = readEnvelope(body, extents);
    const slots = slotsOf(envelope, options);
    // A name in another spelling ("mess\u0061ge"): the extents are not all messages.
    if (slots.length !== extents.length) return readJsonBody(body);
    const taken = extents.filter(({ start, end, values }) => end - start <= mostBytes && values <= mostValues);
    if (taken.reduce((sum, { values }) => sum + values, 0) > mostValues)
      throw invalidRequest({ path: "/body", message: `must not have more than ${mostValues} values` });
    for (const [index, { start, end }] of extents.entries()) {
      const { holder, key } = slots[index] as Slot;
      holder[key] = new RawMessage(body.subarray(start, end));
    }
    return envelope;
  };
}

/** The bytes of a message of a request that was split, or that could not be. */
export function bytesOf(message: unknown): Buffer {
  return message instanceof RawMessage ? message.bytes : Buffer.from(JSON.stringify(message) ?? "");
}

const [zero, space, newline] = [0x30, 0x20, 0x0a];

/** Parses the request with a number in place of each message. Line breaks stay, for the lines that errors name. */
function readEnvelope(body: Buffer, extents: Extent[]): unknown {
  const blank = Buffer.from(body);
  for (const { start, end } of extents) {
    for (let at = start; at < end; at += 1) if (blank[at] !== newline) blank[at] = space;
    blank[start] = zero;
  }
  return parseJson(decodeBody(blank));
}

/** Where a message belongs in the parsed request. */
interface Slot {
  holder: Record<string | number, unknown>;
  key: string | number;
}

/** The places of the messages in the parsed request, in their order. */
function slotsOf(envelope: unknown, { list, field }: SplitOptions): Slot[] {
  const entries = (envelope as Record<string, unknown>)[list];
  if (!Array.isArray(entries)) return [];
  if (field === undefined) return entries.map((_entry, key) => ({ holder: entries as unknown as Slot["holder"], key }));
  const holders = entries.filter((entry) => typeof entry === "object" && entry !== null && Object.hasOwn(entry, field));
  return holders.map((holder) => ({ holder, key: field }));
}

/** Finds the messages in a request; undefined where it does not have the form of one, or has too many. */
function findMessages(body: Buffer, { list, field, messages: most }: SplitOptions): Extent[] | undefined {
  const walk = new Walk(body);
  const found: Extent[] = [];
  const take = (isMessage: boolean) => {
    const extent = walk.value();
    if (extent && isMessage) found.push(extent);
    return extent !== undefined && found.length <= most;
  };
  const entry = () => {
    if (field === undefined) return take(true);
    return walk.sees("{") ? walk.object((name) => take(name === field)) : take(false);
  };
  const whole = walk.object((name) => (name === list && walk.sees("[") ? walk.array(entry) : take(false)));
  return whole ? found : undefined;
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);
const blanks = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Walks through the bytes of a JSON text, and decides only where its values end. All of JSON's structure is ASCII, so
 * this also holds where texts are not UTF-8. Each byte is looked at once.
 */
class Walk {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  sees(character: string): boolean {
    this.#skipBlanks();
    return this.#body[this.#at] === character.charCodeAt(0);
  }

  /** Walks through an object, with `member` through the value of each name. False where it does not go on as one. */
  object(member: (name: string) => boolean): boolean {
    return this.#list("{", "}", () => {
      const name = this.sees('"') ? this.value() : undefined;
      if (!name || !this.#take(":")) return false;
      return member(this.#body.toString("latin1", name.start + 1, name.end - 1));
    });
  }

  /** Walks through an array, with `element` through each element. False where it does not go on as one. */
  array(element: () => boolean): boolean {
    return this.#list("[", "]", element);
  }

  /** Walks through one value of any kind; undefined where there is none, or no end of it. */
  value(): Extent | undefined {
    this.#skipBlanks();
    const start = this.#at;
    if (endsValue(this.#body[start] ?? comma)) return undefined;
    let values = 1;
    let depth = 0;
    // Whether a container has just begun: the next value is its first one, which has no comma before it.
    let begun = false;
    while (this.#at < this.#body.length) {
      const byte = this.#body[this.#at] as number;
      if (depth === 0 && this.#at > start && endsValue(byte)) break;
      if (begun && !blanks.has(byte)) {
        if (!closing.has(byte)) values += 1;
        begun = false;
      }
      if (opening.has(byte)) {
        depth += 1;
        begun = true;
      } else if (closing.has(byte)) {
        depth -= 1;
        if (depth < 0) return undefined;
      } else if (byte === comma) values += 1;
      if (byte === quote) this.#skipText();
      else this.#at += 1;
      if (depth === 0 && (byte === quote || closing.has(byte))) break;
    }
    return this.#at > start && depth === 0 ? { start, end: this.#at, values } : undefined;
  }

  #list(open: string, close: string, item: () => boolean): boolean {
    if (!this.#take(open)) return false;
    if (this.#take(close)) return true;
    do if (!item()) return false;
    while (this.#take(","));
    return this.#take(close);
  }

  #take(character: string): boolean {
    if (!this.sees(character)) return false;
    this.#at += 1;
    return true;
  }

  /** Goes behind the closing quote of a text, or to the end of the body. */
  #skipText(): void {
    this.#at += 1;
    while (this.#at < this.#body.length && this.#body[this.#at] !== quote) {
      this.#at += this.#body[this.#at] === backslash ? 2 : 1;
    }
    this.#at += 1;
  }

  #skipBlanks(): void {
    while (blanks.has(this.#body[this.#at] ?? 0)) this.#at += 1;
  }
}

/** Whether a number or a word ends before this byte. */
function endsValue(byte: number): boolean {
  return byte === comma || byte === colon || closing.has(byte) || blanks.has(byte);
}
