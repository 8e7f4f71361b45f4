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

/** What may stand between two digits. */
const between = [
  "\t",
  "\n",
  "\r\n",
  ".",
  "-",
  "_",
  "/",
  ",",
  ":",
  "+",
  "  ",
  " - ",
  ", ",
  "--",
  "...",
  "\u00a0",
  " \u00a0",
];

const withCheck = (body: string) => body + "0123456789".split("").find((digit) => luhnValid(body + digit));

/** A number that passes the check, of any length that its beginning allows. */
const bareNumber = fc
  .oneof(fc.stringMatching(/^[1-9][0-9]{12,17}$/), fc.stringMatching(/^[456][0-9]{11}$/))
  .map(withCheck);

/** Spaces and hyphens anywhere in it. */
const plainNumber = fc
  .tuple(bareNumber, fc.array(fc.constantFrom("", "", "", " ", "-"), { minLength: 20, maxLength: 20 }))
  .map(([number, separators]) =>
    number
      .split("")
      .map((digit, index) => (index === 0 ? "" : separators[index]) + digit)
      .join(""),
  );

/** In groups, with the same between all of them. */
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

  it("leaves alone what is too short, fails the check, begins with 0, or has more or different things between", () => {
    for (const line of [
      "411111111111",
      "4111111111111112",
      "0000000000000000000000000",
      "4111    1111    1111    1111",
      "4111.1111,1111.1111",
      "4111=1111=1111=1111",
      "2026-06-29T09:00:00.000Z 12.50 kr",
      "",
    ]) {
      expect(masked(Buffer.from(line))).toMatchObject({ count: 0 });
      expect(textOf(line)).toBe(line);
    }
  });

  it("finds numbers whatever their digits are kept apart by, if it is the same each time", () => {
    for (const separator of between) {
      const shown = ["4111", "1111", "1111", "1111"].join(separator);
      const hidden = ["4111", "11**", "****", "1111"].join(separator);
      expect(textOf(`pan ${shown} ok`)).toBe(`pan ${hidden} ok`);
      expect(textOf(`pan ${"4111111111111111".split("").join(separator)} ok`)).toContain(
        Array(6).fill("*").join(separator),
      );
    }
    expect(textOf("3782.822463.10005")).toBe("****.******.*0005");
    expect(textOf("12, 4111, 1111, 1111, 1111:6")).not.toContain("1111, 1111");
    expect(textOf("4:4111.1111.1111.1111")).toBe("4:4111.11**.****.1111");
    expect(textOf("3.1:4111.1111.1111.1111,7,8")).toMatch(/4111\.11\*\*\.\*\*\*\*\.1111/);
  });

  it("finds them in texts of more than a byte a character", () => {
    for (const number of ["4111111111111111", "4111 1111-1111 1111", "4111.1111.1111.1111", "4111, 1111, 1111, 1111"]) {
      const little = Buffer.from(`pan ${number}`, "utf16le");
      const after = masked(little);
      expect([number, after.count]).toEqual([number, 1]);
      const digits = after.text.toString("utf16le").replaceAll(/[^0-9*]/g, "");
      expect(digits).toBe("411111******1111");
      expect(masked(Buffer.from(little).swap16()).text.swap16()).toEqual(after.text);
      const wide = Buffer.concat(number.split("").map((character) => Buffer.from(`${character}\0\0\0`)));
      expect(masked(wide).count).toBe(1);
    }
    expect(textOf("4111\u00a01111\u00a01111\u00a01111")).toBe("4111\u00a011**\u00a0****\u00a01111");
    expect(masked(Buffer.from("4111\u00a01111\u00a01111\u00a01111", "latin1")).count).toBe(1);
  });

  it("leaves alone the times, addresses and amounts of which logs are full", () => {
    for (let minute = 0; minute < 2_000; minute += 1) {
      const iso = new Date(Date.UTC(2026, 5, 29, 9, minute, 7, minute % 1000)).toISOString();
      const [date, time] = [iso.slice(0, 10), iso.slice(11, 23)];
      const lines = [
        `${date} ${time} ready`,
        `${date} ${time.replace(".", ",")}, 12900`,
        `${date.replaceAll("-", "/")} ${time}`,
        `${date.slice(8)}.${date.slice(5, 7)}.${date.slice(0, 4)} ${time}: paid 129.00`,
        `{"at":${Date.parse(iso)},"amount":12900}`,
        `${Date.parse(iso)},12900,3\n${Date.parse(iso) + 1},500,1\n`,
        `amount ${minute}\n${date}T${time}Z`,
        `192.168.100.${minute % 256}:12345`,
      ];
      for (const line of lines) expect(textOf(line)).toBe(line);
    }
  });

  it("masks all digits of a run that has hundreds of them", () => {
    expect(textOf(`a${"7".repeat(257)} 1 1b12`)).toBe(`a${"*".repeat(257)} * *b12`);
    expect(textOf(`a${"7, ".repeat(300)}b12`)).toBe(`a${"*, ".repeat(300)}b12`);
    expect(textOf(`${"7, ".repeat(300)}4111.1111.1111.1111`)).toMatch(/^(\*, )+\*{4}\.11\*\*\.\*{4}\.1111$/);
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
              expect((length > 13 ? /^[1-9]/ : /^[456]/).test(number) && luhnValid(number), number).toBe(false);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("shows of a number no more than its first six and last four digits, whatever stands around it", () => {
    fc.assert(
      fc.property(surrounded, ([a, b, c]) => {
        const from = Buffer.byteLength(a);
        const shown = masked(Buffer.from(`${a}${b}${c}`))
          .text.subarray(from, from + Buffer.byteLength(b))
          .toString("latin1")
          .replaceAll(/[^0-9*]/g, "");
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
