import { shortest } from "./card-schemes.ts";
import { readsAsTime } from "./card-times.ts";
import { maskDigits } from "./card-windows.ts";

const [zero, nine, space, hyphen, star] = [0x30, 0x39, 0x20, 0x2d, 0x2a];

/** A run with more digits than this holds nothing that anybody would look up: all of its digits are masked. */
const longestRun = 256;
/**
 * So many characters may stand between two digits, in so many bytes, and so many zero bytes besides: texts of 16 and 32 bits a
 * character have those.
 */
const [mostCharacters, mostBytes, mostZeros] = [4, 6, 12];
/** In a number with separators no more digits than these stand together. */
const longestGroup = 6;

const letter = 0;
const digit = 1;
const separator = 2;
/** Of a dump in C's words, `0x41, 0x11`: the 0 before it belongs to it. */
const hexMark = 3;
/** What is no letter and no digit may stand between two digits, and so may every character outside ASCII. */
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= zero && byte <= nine) return digit;
  const character = String.fromCharCode(byte);
  if (byte < 0x80 && /[A-Za-z]/.test(character)) return /x/i.test(character) ? hexMark : letter;
  return separator;
});
/** In UTF-8 every byte of a character but the first is 10xxxxxx. */
const continues = (byte: number) => (byte & 0xc0) === 0x80;

/** Digits that may belong to one number, as far as they have come. */
interface Run {
  /** Its first digit. -1: it has none, and gets none before the next separator. */
  first: number;
  /** It is longer than is held back: its digits are masked as they come. */
  flooding: boolean;
}

/**
 * Masks what looks like a card number in a text that comes in pieces, wherever it is cut. Works on bytes: in UTF-8 no byte of
 * another character is an ASCII digit, so every other text passes untouched, whatever its encoding.
 *
 * Two runs are followed at a time. In the plain one digits stand together or have one space or hyphen between, mixed as they
 * like. In the spaced run equal separators of a few bytes stand between groups of digits, and the groups are like those on a
 * card; otherwise every line that begins with a date and a time would be one. Which digits of a run
 * are masked is `card-windows.ts`'s business; a time (`card-times.ts`) ends a run. No more is held back than the two runs, and
 * those up to `longestRun` digits.
 */
export class CardMask {
  /** How many places were masked so far. */
  count = 0;
  /** The end of the text so far, from the first digit on that may still be masked. */
  #held: Uint8Array = new Uint8Array();
  #text: Uint8Array = this.#held;
  /** Behind a digit that was not interrupted by more than separators. */
  #within = false;
  /** The digits since then that may still be masked, and where in the text they are. */
  #values = new Uint8Array(8 * longestRun);
  #places = new Int32Array(8 * longestRun);
  #digits = 0;
  /** The first digit of the group that stands together. */
  #group = 0;
  #plain: Run = { first: 0, flooding: false };
  #spaced: Run = { first: 0, flooding: false };
  /** What stands between the groups of the spaced run; 0 while there is but one. */
  #spacing = 0;
  /** The bytes since the last digit: those that are not zero as one number, how many they are, in characters, and the zeros. */
  #between = 0;
  #betweenBytes = 0;
  #betweenCharacters = 0;
  #betweenZeros = 0;

  /** What can be said of the text so far. The piece itself is left as it is. */
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
        // Most of a text is words.
        while (at + 1 < text.length && kinds[text[at + 1] as number] !== digit) at += 1;
      }
    }
    const keep = this.#settled();
    this.#forget(keep);
    this.#held = text.subarray(keep);
    // From here on places count from its beginning.
    this.#text = this.#held;
    return text.subarray(0, keep);
  }

  /** What was held back, now that nothing more comes. */
  end(): Uint8Array {
    this.#end();
    const rest = this.#held;
    this.#held = new Uint8Array();
    return rest;
  }

  /** A copy that may be changed, with what was held back before it. */
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

  /** An x has come: if it is that of `0x`, its 0 is no digit of any number, and true is answered. */
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

  /** A group begins, after something between. */
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

  /** The spaced run goes on, or begins with the group before when that had something else before it. */
  #respace(between: number): void {
    const run = this.#spaced;
    if (run.first < 0) run.first = this.#digits;
    else if (this.#spacing !== 0 && this.#spacing !== between) {
      this.#mask(run, this.#digits);
      run.first = this.#group;
    }
    this.#spacing = between;
  }

  /** The spaced run ends before the digit `until`, and none goes on from there. */
  #leaveSpaced(until: number): void {
    const run = this.#spaced;
    // One group alone is the plain run's.
    if (run.first >= 0 && this.#spacing !== 0) this.#mask(run, until);
    run.first = -1;
    this.#spacing = 0;
  }

  /** The group that ends here is no part of any number if it is a time. */
  #passTime(): void {
    if (this.#digits - this.#group < shortest || this.#plain.flooding) return;
    if (!readsAsTime(this.#values, this.#group, this.#digits)) return;
    this.#mask(this.#plain, this.#group);
    this.#plain.first = this.#digits;
  }

  /** Something that no number has inside. */
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

  /** Masks the digits of a run that has become too long; `until` is behind the last. */
  #flood(run: Run, until: number): void {
    if (!run.flooding) this.count += 1;
    run.flooding = true;
    for (let index = run.first; index < until; index += 1) this.#text[this.#places[index] as number] = star;
    // The group may belong to another number as well, once something else stands behind it.
    run.first = run === this.#spaced ? this.#group : until;
  }

  /** The first digit that may still be masked. */
  #firstOpen(): number {
    const [plain, spaced] = [this.#plain.first, this.#spaced.first];
    return spaced < 0 ? plain : Math.min(plain, spaced);
  }

  /** Up to where in the text nothing changes any more. */
  #settled(): number {
    const first = this.#firstOpen();
    return first < this.#digits ? (this.#places[first] as number) : this.#text.length;
  }

  /** Forgets the digits that cannot be masked any more, and that there were `gone` bytes before the others. */
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
