import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { between, cardForms, isCardNumber, masked, timesIn, withCheck } from "../../../test/support/card-numbers.ts";

/** A number that passes the check, of a scheme's beginning and length. */
const bareNumber = fc
  .constantFrom(..."1 1946 2204 2221 2720 305 34 3528 36 37 4 4903 50 51 55 58 60 62 6304 65 70 81 86 9792".split(" "))
  .chain((beginning) => {
    const lengths = cardForms.flatMap(([form, known]) => (form.test(beginning) ? known : []));
    return fc
      .tuple(fc.constantFrom(...lengths), fc.stringMatching(/^[0-9]{18}$/))
      .map(([length, rest]) => withCheck((beginning + rest).slice(0, length - 1)));
  });

/** Spaces and hyphens anywhere in it. */
const plainNumber = fc
  .tuple(bareNumber, fc.array(fc.constantFrom("", "", "", " ", "-"), { minLength: 20, maxLength: 20 }))
  .map(([number, separators]) =>
    number
      .split("")
      .map((digit, index) => (index === 0 ? "" : separators[index]) + digit)
      .join(""),
  );

/** In groups, with one kind of separator between all of them. */
const spacedNumber = fc
  .tuple(
    bareNumber,
    fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 19, maxLength: 19 }),
    fc.constantFrom(...between),
  )
  .map(([number, sizes, separator]) => {
    const groups: string[] = [];
    for (let at = 0; at < number.length; at += sizes[groups.length - 1] as number) {
      groups.push(number.slice(at, at + (sizes[groups.length] as number)));
    }
    return groups.join(separator);
  });

const cardNumber = fc.oneof(plainNumber, spacedNumber);

/** With what may stand around it. In groups, a number has groups of its own. */
const surrounded = fc.oneof(
  fc.tuple(fc.stringMatching(/^[0-9 -]{0,12}$/), plainNumber, fc.stringMatching(/^[0-9 -]{0,12}$/)),
  fc.tuple(
    fc.stringMatching(/^([0-9 .,:-]{0,12}[ .,:-])?$/),
    spacedNumber,
    fc.stringMatching(/^([ .,:-][0-9 .,:-]{0,12})?$/),
  ),
);

const piece = fc.oneof(
  cardNumber,
  fc.stringMatching(/^[0-9 -]{0,40}$/),
  fc.stringMatching(/^[0-9 .,:\n-]{0,40}$/),
  fc.stringMatching(/^[0-9]{250,300}$/),
  fc.array(fc.nat({ max: 999_999 }), { minLength: 50, maxLength: 70 }).map((numbers) => numbers.join(", ")),
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.constantFrom("\n", " ", "-", "  ", "\0", "\0\0\0", ...between, "kr ", "日本", "5A08", "="),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));

/** Many runs, on however slow a machine. */
const limit = { timeout: 120_000 };

describe("masking of card numbers, in texts of all kinds", () => {
  it("comes to the same whatever the cuts", limit, () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 30 }), (whole, marks) => {
        const cuts = [0, ...marks.map((mark) => mark % (whole.length + 1)).sort((a, b) => a - b), whole.length];
        const pieces = cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
        expect(masked(...pieces)).toEqual(masked(whole));
      }),
      { numRuns: 1_000 },
    );
  });

  it("changes nothing but digits into stars, and leaves no whole number behind", limit, () => {
    fc.assert(
      fc.property(text, (whole) => {
        const { text: after } = masked(whole);
        expect(after.length).toBe(whole.length);
        for (let at = 0; at < whole.length; at += 1) {
          if (after[at] !== whole[at])
            expect([after[at], /[0-9]/.test(String.fromCharCode(whole[at] ?? 0))]).toEqual([0x2a, true]);
        }
        for (const { from, to } of timesIn(whole.toString("latin1"))) after.fill("t", from, to);
        for (const run of after.toString("latin1").matchAll(/[0-9](?:[ -]?[0-9])*/g)) {
          const digits = run[0].replaceAll(/[ -]/g, "");
          for (let first = 0; first < digits.length; first += 1) {
            for (let length = 12; length <= 19 && first + length <= digits.length; length += 1) {
              const number = digits.slice(first, first + length);
              expect(isCardNumber(number), number).toBe(false);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("shows of a number no more than its first six and last four digits, whatever stands around it", limit, () => {
    fc.assert(
      fc.property(surrounded, ([a, b, c]) => {
        fc.pre(timesIn(`${a}${b}${c}`).length === 0);
        const from = Buffer.byteLength(a);
        const all = masked(Buffer.from(`${a}${b}${c}`)).text.subarray(from, from + Buffer.byteLength(b));
        const shown = [...Buffer.from(b)]
          .flatMap((byte, index) =>
            /[0-9]/.test(String.fromCharCode(byte)) ? [String.fromCharCode(all[index] ?? 0)] : [],
          )
          .join("");
        const hidden = shown
          .split("")
          .map((digit, index) => (digit === "*" ? index : -1))
          .filter((index) => index >= 0);
        const [first = 99, last = -1] = [hidden[0], hidden.at(-1)];
        expect(first).toBeLessThanOrEqual(6);
        expect(last).toBeGreaterThanOrEqual(shown.length - 5);
        expect(shown.slice(first, last + 1)).toMatch(/^\*+$/);
      }),
      { numRuns: 1_000 },
    );
  });
});
