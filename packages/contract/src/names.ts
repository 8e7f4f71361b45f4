import { Type } from "typebox";

/**
 * Texts that callers give and people read: names, addresses, references. Clients can check the patterns themselves; what a
 * pattern asks for stands in words in `http/pattern-words.ts`, for the answer to a text that does not fit.
 */

/** Characters that leave no mark: blanks, format characters (zero-width ones among them), Hangul fillers, the empty Braille cell. */
const unseen = "\\s\\p{Z}\\p{Cc}\\p{Cf}\\u115f\\u1160\\u2800\\u3164\\uffa0";
const somethingSeen = `(?=.*[^${unseen}])`;

export const namePattern = `^${somethingSeen}[^\\p{Cc}]*$`;
/** D1: no control characters, no `/`, no blank at either end. A path segment of one or two dots means another path (RFC 3986, 5.2.4). */
export const storeIdPattern = `^(?!\\.{1,2}$)${somethingSeen}(?!\\s)[^/\\p{Cc}]*[^\\s/\\p{Cc}]$`;
/** The name of a device model, which stands in file names and paths. */
export const modelPattern = "^(?:\\.{0,2}[A-Za-z0-9_-]|\\.{3})[A-Za-z0-9._-]*$";
/** Letters, digits, signs and blanks, but nothing that only formats. */
export const pairingReferencePattern = `^${somethingSeen}[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]+$`;

/** A text of up to `maxLength` characters in which a person sees something. */
export function nameOf({ maxLength, ...options }: { maxLength: number; description?: string; examples?: string[] }) {
  return Type.String({ minLength: 1, maxLength, pattern: namePattern, ...options });
}

/** A name of the usual length. */
export const Name = nameOf({ maxLength: 255 });
