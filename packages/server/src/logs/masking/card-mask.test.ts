import { describe, expect, it } from "vitest";
import { between, masked, withCheck } from "../../../test/support/card-numbers.ts";

const textOf = (text: string) => masked(Buffer.from(text)).text.toString();

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
      "4111     1111     1111     1111",
      "4111.1111,1111.1111",
      "4111a1111a1111a1111",
      "1782723600123456",
      "8411111111111112",
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

  it("finds them in dumps in C's words, and takes no other 0 for part of those", () => {
    const pairs = ["41", "11", "22", "33", "44", "55", "66", "6C"];
    for (const separator of [",", ", ", " "]) {
      const shown = withCheck("411122334455667").match(/../g) ?? [];
      expect(textOf(`5A 08 ${shown.map((pair) => `0x${pair}`).join(separator)}`)).toBe(
        `5A 08 ${["41", "11", "22", "**", "**", "**", shown[6], shown[7]].map((pair) => `0x${pair}`).join(separator)}`,
      );
      const other = pairs.map((pair) => `0x${pair}`).join(separator);
      expect(textOf(other)).toBe(other);
    }
    expect(textOf("0x4111111111111111 10x4111111111111111")).toBe("0x411111******1111 10x411111******1111");
  });

  it("goes by how the numbers of schemes begin and how long they are", () => {
    for (const [number, hidden] of [
      ["4111111111111111", true], // Visa
      ["4222222222222", true], // Visa, old
      ["5555555555554444", true], // Mastercard
      ["2221000000000009", true], // Mastercard, the second range
      ["378282246310005", true], // American Express
      ["30569309025904", true], // Diners Club
      ["6011111111111117", true], // Discover
      ["3530111333300000", true], // JCB
      ["6200000000000005", true], // UnionPay
      ["6759649826438453", true], // Maestro
      ["501900000000", true], // of twelve digits
      ["5019717010103742", true], // Dankort
      ["2200000000000004", true], // Mir
      ["6521111111111117", true], // RuPay
      ["135412345678911", true], // UATP
      ["9792000000000001", true], // Troy
      ["1111111111111117", false], // none has 16 digits and begins with 1
      ["7992739871300000", false],
      ["41111111111116", false], // none of Visa's has 14
    ] as const) {
      const checked = withCheck(number.slice(0, -1));
      expect([checked, masked(Buffer.from(`pan ${checked} ok`)).count > 0]).toEqual([checked, hidden]);
    }
  });

  it("leaves alone the times in milliseconds, microseconds and nanoseconds", () => {
    // A fixed sequence of fractions, so that all runs see equal times.
    let fraction = 1;
    for (let index = 0; index < 2_000; index += 1) {
      fraction = (fraction * 48_271) % 2_147_483_647;
      const nanoseconds = String(fraction % 1_000_000_000).padStart(9, "0");
      const seconds = 1_767_225_600 + index * 15_779;
      const compact = new Date(seconds * 1000)
        .toISOString()
        .replaceAll(/[^0-9]/g, "")
        .slice(0, 14);
      for (const length of [3, 6, 9]) {
        const time = `${seconds}${nanoseconds.slice(0, length)}`;
        for (const line of [time, `${time} ${time} 12900`, `{"at":${time},"amount":12900}`, `[${time}]`]) {
          expect(textOf(line)).toBe(line);
        }
        expect(textOf(`${time} paid 4111111111111111`)).toBe(`${time} paid 411111******1111`);
        expect(textOf(`4111 1111 1111 1111 ${time}`)).toBe(`4111 11** **** 1111 ${time}`);
      }
      for (const line of [compact, `${compact}${nanoseconds.slice(0, 3)}`, `${compact}${nanoseconds.slice(0, 6)}`]) {
        expect(textOf(`${line} paid`)).toBe(`${line} paid`);
      }
    }
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
});
