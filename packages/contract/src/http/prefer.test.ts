import fc from "fast-check";
import { expect, test } from "vitest";
import { waitSecondsOf } from "./prefer.ts";

test.each([
  ["wait=10", 10],
  ["Wait = 10", 10],
  ['wait="10"', 10],
  ["wait=0", 0],
  ["wait=007", 7],
  ["wait=10;foo=bar; some", 10],
  ["respond-async, wait=10", 10],
  ['handling=lenient;note="a, wait=3; b", wait=5', 5],
  ['foo="\\", wait=3", wait=5', 5],
  [",, wait=5,", 5],
  // RFC 7240 section 2: of a preference that is given twice, only the first instance counts.
  ["wait=5, wait=10", 5],
  ["wait=3600", 60],
  [`wait=${"9".repeat(400)}`, 60],
])("%s", (header, seconds) => expect(waitSecondsOf(header)).toBe(seconds));

test.each([
  [undefined],
  [""],
  ["wait"],
  ["wait="],
  ['wait=""'],
  ["wait=-1"],
  ["wait=1.5"],
  ["wait=10s"],
  ["wait=abc, wait=5"],
  ["waiting=10"],
  ["respond-async"],
  ["return=minimal"],
  ['foo="wait=3'],
  ["foo;wait=3"],
])("ignored: %s", (header) => expect(waitSecondsOf(header)).toBeUndefined());

test("any text is read, and gives no seconds but whole ones within the limit", () => {
  const piece = fc.oneof(fc.constantFrom("wait", "=", ",", ";", '"', "\\", " ", "10"), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const seconds = waitSecondsOf(pieces.join(""));
      return seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 60);
    }),
  );
});
