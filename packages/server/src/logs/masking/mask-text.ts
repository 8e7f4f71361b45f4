import { CardMask } from "./card-mask.ts";
import { shortest } from "./card-schemes.ts";

/** The text with what looks like card numbers masked. */
export function maskText(text: string): string {
  if (!hasDigits(text, shortest)) return text;
  const mask = new CardMask();
  const masked = Buffer.concat([mask.write(Buffer.from(text)), mask.end()]);
  return mask.count === 0 ? text : masked.toString();
}

/** Most texts have too few. */
function hasDigits(text: string, least: number): boolean {
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) digits += 1;
    if (digits === least) return true;
  }
  return false;
}
