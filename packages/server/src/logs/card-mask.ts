import { maskDigits } from "./card-windows.ts";

const [zero, nine, space, hyphen, star] = [0x30, 0x39, 0x20, 0x2d, 0x2a];

/** A run with more digits than this holds nothing that anybody would look up: all of its digits are masked. */
const longestRun = 256;

/**
 * Masks what looks like a card number in a text that comes in pieces, wherever it is cut. A run is digits, each two of them
 * together or with one space or hyphen between; which of its digits are masked is `card-windows.ts`'s business. Works on
 * bytes: in UTF-8 no byte of another character is an ASCII digit, so every other text passes untouched, whatever its
 * encoding. No more than one run is held back, and that only up to `longestRun` digits.
 */
export class CardMask {
  /** How many places were masked so far. */
  count = 0;
  /** The beginning of a run that may go on in the next piece. */
  #held: Uint8Array = new Uint8Array();
  /** In a run that is longer than is held back: it is masked as it comes. */
  #flooding = false;
  #afterSeparator = false;

  /** What can be said of the text so far. The piece itself is left as it is. */
  write(piece: Uint8Array): Uint8Array {
    const text = this.#joined(piece);
    let at = this.#flooding ? this.#flood(text, 0) : 0;
    while (at < text.length) {
      const byte = text[at] as number;
      if (byte < zero || byte > nine) {
        at += 1;
        continue;
      }
      const { end, digits, open } = runFrom(text, at);
      if (digits > longestRun) {
        this.count += 1;
        this.#flooding = true;
        this.#afterSeparator = false;
        at = this.#flood(text, at);
      } else if (open) {
        this.#held = text.subarray(at);
        return text.subarray(0, at);
      } else {
        this.count += maskDigits(text, at, end, digits);
        at = end;
      }
    }
    return text;
  }

  /** What was held back, now that nothing more comes. */
  end(): Uint8Array {
    const rest = this.#held;
    this.#held = new Uint8Array();
    if (rest.length > 0) {
      const { end, digits } = runFrom(rest, 0);
      this.count += maskDigits(rest, 0, end, digits);
    }
    return rest;
  }

  /** A copy that may be changed, with what was held back before it. */
  #joined(piece: Uint8Array): Uint8Array {
    const text = new Uint8Array(this.#held.length + piece.length);
    text.set(this.#held);
    text.set(piece, this.#held.length);
    this.#held = new Uint8Array();
    return text;
  }

  /** Masks on to the end of the run; answers where that is. */
  #flood(text: Uint8Array, from: number): number {
    for (let at = from; at < text.length; at += 1) {
      const byte = text[at] as number;
      if (byte >= zero && byte <= nine) {
        text[at] = star;
        this.#afterSeparator = false;
      } else if ((byte === space || byte === hyphen) && !this.#afterSeparator) {
        this.#afterSeparator = true;
      } else {
        this.#flooding = false;
        return at;
      }
    }
    return text.length;
  }
}

/** The run that begins at a digit: up to behind its last digit, or `open` when the text ends before that is known. */
function runFrom(text: Uint8Array, from: number): { end: number; digits: number; open: boolean } {
  let end = from;
  let digits = 0;
  for (let at = from; at < text.length; at += 1) {
    const byte = text[at] as number;
    if (byte >= zero && byte <= nine) {
      digits += 1;
      end = at + 1;
      if (digits > longestRun) return { end, digits, open: false };
    } else if (!(byte === space || byte === hyphen) || at !== end) {
      return { end, digits, open: false };
    }
  }
  return { end, digits, open: true };
}
