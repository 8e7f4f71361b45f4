import { shortest } from "./card-schemes.ts";
import { readsAsTime } from "./card-times.ts";
import { maskDigits } from "./card-windows.ts";

const [zero, nine, space, hyphen, star] = [0x30, 0x39, 0x20, 0x2d, 0x2a];

/** In a longer run no reader would look up a number, so all its digits are masked. */
const longestRun = 256;
/**
 * Most characters, bytes and zero bytes between two digits of a number. Texts with 16 or 32 bits a character have the
 * zero bytes.
 */
const [mostCharacters, mostBytes, mostZeros] = [4, 6, 12];
/** Longest group of digits in a number with separators. */
const longestGroup = 6;

const letter = 0;
const digit = 1;
const separator = 2;
/** The x of a hexadecimal prefix in a dump, `0x41, 0x11`; the 0 before it belongs to the prefix. */
const hexMark = 3;
/** Separators are all characters but letters and digits, and every character outside ASCII. */
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= zero && byte <= nine) return digit;
  const character = String.fromCharCode(byte);
  if (byte < 0x80 && /[A-Za-z]/.test(character)) return /x/i.test(character) ? hexMark : letter;
  return separator;
});
/** In UTF-8 every byte of a character but the first is 10xxxxxx. */
const continues = (byte: number) => (byte & 0xc0) === 0x80;

/** A run: digits read so far that may belong to one number. */
interface Run {
  /** Index of its first digit. -1: the run is empty until the next separator. */
  first: number;
  /** The run is longer than `longestRun`: its digits are masked as they come. */
  flooding: boolean;
}

/**
 * Masks what looks like a card number in a text that comes in pieces, whatever the cuts. Works on bytes: in UTF-8 no
 * byte of another character is an ASCII digit. So every other text passes unchanged, whatever its encoding.
 *
 * The mask follows two runs at a time. Digits of the plain run have nothing, one space or one hyphen between them, in
 * any mixture. In the spaced run equal separators of a few bytes stand between groups of digits. Its groups have the
 * sizes that cards have; otherwise every line with a date and a time would be such a run.
 *
 * `card-windows.ts` decides which digits of a run are masked. A time (`card-times.ts`) ends a run. Only the two runs
 * are held back, each up to `longestRun` digits.
 */
export class CardMask {
  /** How many places were masked so far. */
  count = 0;
  /** The end of the text so far, from the first digit that may still be masked. */
  #held: Uint8Array = new Uint8Array();
  #text: Uint8Array = this.#held;
  /** Whether only separators followed the last digit. */
  #within = false;
  /** The digits of the runs that may still be masked, and their positions in the text. */
  #values = new Uint8Array(8 * longestRun);
  #places = new Int32Array(8 * longestRun);
  #digits = 0;
  /** Index of the current group's first digit. */
  #group = 0;
  #plain: Run = { first: 0, flooding: false };
  #spaced: Run = { first: 0, flooding: false };
  /** The separator of the spaced run; 0 while it has one group only. */
  #spacing = 0;
  /**
   * The bytes since the last digit: the nonzero ones as one number, their count in bytes and in characters, and the
   * count of zeros.
   */
  #between = 0;
  #betweenBytes = 0;
  #betweenCharacters = 0;
  #betweenZeros = 0;

  /** Returns the part of the text that is final. Does not change `piece`. */
  write(piece: Uint8Array): Uint8Array {
    const text = this.#joined(piece);
    for (let at = text.length - piece.length; at < text.length; at += 1) {
      const byte = text[at] as number;
      const kind = kinds[byte];
      if (kind === digit) this.#add(byte - zero, at);
      else if (this.#within) {
        if (kind === separator) this.#separate(byte);
        else if (kind === letter || !this.#dropMark()) this.#end();
      } else {
        // Skip words quickly: most of a text has no digits.
        while (at + 1 < text.length && kinds[text[at + 1] as number] !== digit) at += 1;
      }
    }
    const keep = this.#settled();
    this.#forget(keep);
    this.#held = text.subarray(keep);
    // From here on positions count from the beginning of the held text.
    this.#text = this.#held;
    return text.subarray(0, keep);
  }

  /** Returns the held text, masked, at the end of the text. */
  end(): Uint8Array {
    this.#end();
    const rest = this.#held;
    this.#held = new Uint8Array();
    return rest;
  }

  /** Copies the held text and the piece into one buffer that may be changed. */
  #joined(piece: Uint8Array): Uint8Array {
    const text = new Uint8Array(this.#held.length + piece.length);
    text.set(this.#held);
    text.set(piece, this.#held.length);
    this.#text = text;
    return text;
  }

  #separate(byte: number): void {
    if (byte === 0) this.#betweenZeros += 1;
    else {
      this.#between = this.#between * 256 + byte;
      this.#betweenBytes += 1;
      if (!continues(byte)) this.#betweenCharacters += 1;
    }
    if (this.#betweenCharacters > mostCharacters || this.#betweenBytes > mostBytes || this.#betweenZeros > mostZeros) {
      this.#end();
    }
  }

  /** Handles an x. Returns true when it belongs to a prefix `0x`, whose 0 is then no digit of a number. */
  #dropMark(): boolean {
    const last = this.#digits - 1;
    const isMark = this.#between === 0 && this.#group === last && this.#values[last] === 0;
    if (!isMark || this.#plain.flooding || this.#spaced.flooding) return false;
    this.#digits = last;
    this.#betweenZeros = 0;
    return true;
  }

  #add(value: number, at: number): void {
    if (this.#digits === this.#values.length) this.#forget(0);
    if (this.#between !== 0) this.#join();
    this.#betweenZeros = 0;
    this.#within = true;
    const index = this.#digits;
    this.#values[index] = value;
    this.#places[index] = at;
    this.#digits = index + 1;
    if (index - this.#group === longestGroup) this.#leaveSpaced(this.#group);
    if (this.#plain.flooding || index - this.#plain.first >= longestRun) this.#flood(this.#plain, index + 1);
    const { first, flooding } = this.#spaced;
    if (first >= 0 && (flooding || index - first >= longestRun)) this.#flood(this.#spaced, index + 1);
  }

  /** Begins a group after a separator. */
  #join(): void {
    const between = this.#between;
    this.#between = 0;
    this.#betweenBytes = 0;
    this.#betweenCharacters = 0;
    this.#passTime();
    const next = this.#digits;
    if (between === space || between === hyphen) {
      this.#leaveSpaced(next);
      this.#spaced.first = next;
    } else {
      this.#mask(this.#plain, next);
      this.#plain.first = next;
      this.#respace(between);
    }
    this.#group = next;
  }

  /**
   * Continues the spaced run, or begins it with the previous group when the separator before that group was another.
   */
  #respace(between: number): void {
    const run = this.#spaced;
    if (run.first < 0) run.first = this.#digits;
    else if (this.#spacing !== 0 && this.#spacing !== between) {
      this.#mask(run, this.#digits);
      run.first = this.#group;
    }
    this.#spacing = between;
  }

  /** Ends the spaced run before the digit `until`; no spaced run continues from there. */
  #leaveSpaced(until: number): void {
    const run = this.#spaced;
    // A single group belongs to the plain run only.
    if (run.first >= 0 && this.#spacing !== 0) this.#mask(run, until);
    run.first = -1;
    this.#spacing = 0;
  }

  /** Drops the group that ends here when it is a time: a time is not part of a number. */
  #passTime(): void {
    if (this.#digits - this.#group < shortest || this.#plain.flooding) return;
    if (!readsAsTime(this.#values, this.#group, this.#digits)) return;
    this.#mask(this.#plain, this.#group);
    this.#plain.first = this.#digits;
  }

  /** Ends both runs, at a character that no number contains. */
  #end(): void {
    this.#passTime();
    this.#mask(this.#plain, this.#digits);
    this.#leaveSpaced(this.#digits);
    this.#plain.first = 0;
    this.#spaced.first = 0;
    this.#within = false;
    this.#digits = 0;
    this.#group = 0;
    this.#between = 0;
    this.#betweenBytes = 0;
    this.#betweenCharacters = 0;
    this.#betweenZeros = 0;
  }

  #mask(run: Run, until: number): void {
    if (run.flooding) run.flooding = false;
    else if (until - run.first >= shortest) {
      const [values, places] = [this.#values.subarray(run.first, until), this.#places.subarray(run.first, until)];
      this.count += maskDigits(this.#text, values, places);
    }
  }

  /** Masks the digits of a run that has become too long; `until` is the index after its last digit. */
  #flood(run: Run, until: number): void {
    if (!run.flooding) this.count += 1;
    run.flooding = true;
    for (let index = run.first; index < until; index += 1) this.#text[this.#places[index] as number] = star;
    // The group may also belong to another number, once a different separator follows it.
    run.first = run === this.#spaced ? this.#group : until;
  }

  /** Index of the first digit that may still be masked. */
  #firstOpen(): number {
    const [plain, spaced] = [this.#plain.first, this.#spaced.first];
    return spaced < 0 ? plain : Math.min(plain, spaced);
  }

  /** Position in the text up to which nothing changes any more. */
  #settled(): number {
    const first = this.#firstOpen();
    return first < this.#digits ? (this.#places[first] as number) : this.#text.length;
  }

  /** Forgets the digits that are final, and moves the positions of the rest back by `gone` bytes. */
  #forget(gone: number): void {
    const first = this.#firstOpen();
    this.#values.copyWithin(0, first, this.#digits);
    this.#places.copyWithin(0, first, this.#digits);
    this.#digits -= first;
    this.#group -= first;
    this.#plain.first -= first;
    if (this.#spaced.first >= 0) this.#spaced.first -= first;
    if (gone > 0)
      for (let index = 0; index < this.#digits; index += 1)
        this.#places[index] = (this.#places[index] as number) - gone;
  }
}
