import { CardMask } from "../../src/logs/masking/card-mask.ts";

/** Masks a text that arrives in pieces. Returns it with the number of masked card numbers. */
export function masked(...pieces: Uint8Array[]): { text: Buffer; count: number } {
  const mask = new CardMask();
  const text = Buffer.concat([...pieces.map((piece) => mask.write(piece)), mask.end()]);
  return { text, count: mask.count };
}

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

/** Characters that may separate two digits of a card number. */
export const between = [
  ...`\t \n \r\n . - _ / , : + | * ; = # ~ \\ ' " & % ^ -- ... "," \u00a0 \u2009 \u202f \u200b \u2013 \u00b7 \ufeff \u3000`.split(
    " ",
  ),
  "  ",
  " - ",
  ", ",
  " | ",
  "', '",
  " \u00a0",
  " \u2013 ",
];

/** Appends the check digit of the Luhn algorithm. */
export const withCheck = (body: string) => body + "0123456789".split("").find((digit) => luhnValid(body + digit));

/**
 * The prefixes of the card schemes with the allowed numbers of digits. They are written independently of the sources,
 * which must agree with them.
 */
export const cardForms: readonly [beginning: RegExp, lengths: readonly number[]][] = [
  [/^1/, [15]],
  [/^(1800|2131)/, [15]],
  [/^(1946|2205)/, [16]],
  [/^220[0-4]/, [16, 17, 18, 19]],
  [/^(222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^(30[0-5]|3095|36|38|39)/, [14, 15, 16, 17, 18, 19]],
  [/^3[47]/, [15]],
  [/^35(2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^4/, [13, 16, 19]],
  [/^49(0[3-9]|[12]|3[0-6])/, [18]],
  [/^5[1-5]/, [16]],
  [/^(50|5[6-9]|6)/, [12, 13, 14, 15, 16, 17, 18, 19]],
  [/^(70|81|82|86|88|9)/, [16, 17, 18, 19]],
];

/** Returns whether the digits have the form of a card scheme and a valid check digit. */
export function isCardNumber(digits: string): boolean {
  return cardForms.some(([form, lengths]) => form.test(digits) && lengths.includes(digits.length)) && luhnValid(digits);
}

/**
 * Groups of digits that are a time. The form allows a few more times than the mask does. Zero bytes between the
 * digits are ignored.
 */
const timeForms = /^(1[5-9](\d{11}|\d{14}|\d{17})|20[23]\d(\d{10}|\d{13}|\d{16}))$/;
/** Returns the positions of the times in a text; `to` is exclusive. */
export function timesIn(text: string): { from: number; to: number }[] {
  return [...text.matchAll(/[0-9](?:\0*[0-9])*/g)]
    .filter(([group]) => timeForms.test(group.replaceAll("\0", "")))
    .map(({ 0: group, index }) => ({ from: index, to: index + group.length }));
}
