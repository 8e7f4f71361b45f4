/** The form of a release's version: characters that file names, URLs and log lines hold without escaping. */
export const versionPattern = "^[A-Za-z0-9._+-]{1,64}$";

/**
 * Compares versions: negative when `a` is older than `b`, positive when it is newer, 0 when neither is. The rule:
 *
 * - What follows a `+` does not count.
 * - The first `-` begins the pre-release: `2.0-rc1` comes before `2.0`.
 * - The rest falls into numbers and words, wherever a digit meets something else: `4.12b2` is 4, 12, b, 2. Numbers compare as
 *   numbers, words letter by letter regardless of case, and a word comes before any number.
 * - A missing part counts as 0: `4.2` and `4.2.0` are equally old.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [readVersion(a), readVersion(b)];
  const byRelease = compareParts(left.release, right.release);
  if (byRelease !== 0) return byRelease;
  if (left.preRelease === undefined || right.preRelease === undefined) {
    return Number(left.preRelease === undefined) - Number(right.preRelease === undefined);
  }
  return compareParts(left.preRelease, right.preRelease);
}

interface Version {
  release: string[];
  /** Absent for a version that is not a pre-release. */
  preRelease: string[] | undefined;
}

function readVersion(text: string): Version {
  const [counted = ""] = text.split("+", 1);
  const dash = counted.indexOf("-");
  if (dash < 0) return { release: partsOf(counted), preRelease: undefined };
  return { release: partsOf(counted.slice(0, dash)), preRelease: partsOf(counted.slice(dash + 1)) };
}

function partsOf(text: string): string[] {
  return text.toLowerCase().match(/\d+|[^\d\s._-]+/g) ?? [];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = comparePart(a[index] ?? "0", b[index] ?? "0");
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d/.test(a), /^\d/.test(b)];
  if (aIsNumber !== bIsNumber) return aIsNumber ? 1 : -1;
  if (!aIsNumber) return compareTexts(a, b);
  // Numbers are compared as texts: a version may have more digits than a number can hold.
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return Math.sign(left.length - right.length) || compareTexts(left, right);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
