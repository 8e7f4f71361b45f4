import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CardMask } from "./card-mask.ts";

function masked(...pieces: Uint8Array[]): { text: Buffer; count: number } {
  const mask = new CardMask();
  const text = Buffer.concat([...pieces.map((piece) => mask.write(piece)), mask.end()]);
  return { text, count: mask.count };
}

const textOf = (text: string) => masked(Buffer.from(text)).text.toString();

function luhnValid(digits: string): boolean {
  const sum = digits
    .split("")
    .toReversed()
    .reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}

/** A number that passes the check, of any length and separators. */
const cardNumber = fc
  .tuple(
    fc.stringMatching(/^[1-9][0-9]{11,17}$/),
    fc.array(fc.constantFrom("", "", "", " ", "-"), { minLength: 20, maxLength: 20 }),
  )
  .map(([body, separators]) => {
    const check = "0123456789".split("").find((digit) => luhnValid(body + digit)) as string;
    return (body + check)
      .split("")
      .map((digit, index) => (index === 0 ? "" : separators[index]) + digit)
      .join("");
  });

const piece = fc.oneof(
  cardNumber,
  fc.stringMatching(/^[0-9 -]{0,40}$/),
  fc.stringMatching(/^[0-9]{250,300}$/),
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.constantFrom("\n", " ", "-", "  ", "kr ", "日本", "5A08", "="),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));

describe("masking of card numbers", () => {
  it("leaves the first six and the last four digits, and every separator", () => {
    expect(textOf("pan 4111111111111111.")).toBe("pan 411111******1111.");
    expect(textOf("4111 1111 1111 1111")).toBe("4111 11** **** 1111");
    expect(textOf("5500-0000-0000-0004\n")).toBe("5500-00**-****-0004\n");
    expect(textOf("6304000000000000000")).toMatch(/^630400\*{9}0000$/);
  });

  it("leaves the last four alone where fewer than six digits would be hidden", () => {
    expect(textOf("378282246310005")).toBe("***********0005");
    expect(textOf("4222222222222")).toBe("*********2222");
  });

  it("finds a number beside other digits: after a tag, before a date, in pairs of a dump", () => {
    for (const line of ["5A084111111111111111", "4111111111111111 1228", "5A 08 41 11 11 11 11 11 11 11"]) {
      expect(textOf(line)).not.toMatch(/4[ -]?1[ -]?1[ -]?1[ -]?1[ -]?1[ -]?1[ -]?1/);
    }
  });

  it("leaves alone what is too short, fails the check, begins with 0, or has more between", () => {
    for (const line of [
      "411111111111",
      "4111111111111112"
        .split("")
        .map((digit, index) => (index % 4 === 3 ? `${digit}.` : digit))
        .join(""),
      "0000000000000000000000000",
      "4111  1111  1111  1111",
      "4111--1111--1111--1111",
      "2026-06-29T09:00:00.000Z 12.50 kr",
      "",
    ]) {
      expect(masked(Buffer.from(line))).toMatchObject({ count: 0 });
      expect(textOf(line)).toBe(line);
    }
  });

  it("masks all digits of a run that has hundreds of them", () => {
    expect(textOf(`a${"7".repeat(257)} 1 1b12`)).toBe(`a${"*".repeat(257)} * *b12`);
  });

  it("counts each place once", () => {
    expect(masked(Buffer.from("4111111111111111\n4111 1111 1111 1111\nnothing\n")).count).toBe(2);
  });

  it("comes to the same whatever the cuts", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 30 }), (whole, marks) => {
        const cuts = [0, ...marks.map((mark) => mark % (whole.length + 1)).sort((a, b) => a - b), whole.length];
        const pieces = cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
        expect(masked(...pieces)).toEqual(masked(whole));
      }),
      { numRuns: 2_000 },
    );
  });

  it("changes nothing but digits into stars, and leaves no whole number behind", () => {
    fc.assert(
      fc.property(text, (whole) => {
        const { text: after } = masked(whole);
        expect(after.length).toBe(whole.length);
        for (let at = 0; at < whole.length; at += 1) {
          if (after[at] !== whole[at])
            expect([after[at], /[0-9]/.test(String.fromCharCode(whole[at] ?? 0))]).toEqual([0x2a, true]);
        }
        for (const run of after.toString("latin1").matchAll(/[0-9](?:[ -]?[0-9])*/g)) {
          const digits = run[0].replaceAll(/[ -]/g, "");
          for (let first = 0; first < digits.length; first += 1) {
            for (let length = 13; length <= 19 && first + length <= digits.length; length += 1) {
              const number = digits.slice(first, first + length);
              expect(number[0] !== "0" && luhnValid(number), number).toBe(false);
            }
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("shows of a number no more than its first six and last four digits, whatever stands around it", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9 -]{0,12}$/), cardNumber, fc.stringMatching(/^[0-9 -]{0,12}$/), (a, b, c) => {
        const from = a.length;
        const shown = textOf(`${a}${b}${c}`)
          .slice(from, from + b.length)
          .replaceAll(/[ -]/g, "");
        const hidden = shown
          .split("")
          .map((digit, index) => (digit === "*" ? index : -1))
          .filter((index) => index >= 0);
        const [first = 99, last = -1] = [hidden[0], hidden.at(-1)];
        expect(first).toBeLessThanOrEqual(6);
        expect(last).toBeGreaterThanOrEqual(shown.length - 5);
        expect(shown.slice(first, last + 1)).toMatch(/^\*+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it("masks 20 MB of log in a fraction of a second of work, also on a busy machine", () => {
    const line = "2026-06-29T09:00:00.123Z INFO payment 1234567890123456 amount 12900 kr, terminal ready\n";
    const piece64 = Buffer.from(line.repeat(Math.floor(65_536 / line.length)));
    const mask = new CardMask();
    const before = process.cpuUsage();
    for (let bytes = 0; bytes < 20_000_000; bytes += piece64.length) mask.write(piece64);
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(1_500);
  });
});
