import { Type } from "typebox";

/**
 * Each text in what a device sends is an identifier with a pattern, or free text. A batch number may have the form of a card
 * number, so identifiers are kept as they are; in free text the server masks what looks like one, where it is read.
 */
const printable = "^[!-~]*$";

/** What a device calls something: printable ASCII without spaces. */
export function Identifier(options: {
  minLength?: number;
  maxLength: number;
  description?: string;
  examples?: string[];
}) {
  return Type.String({ pattern: printable, ...options });
}

/** The word for what went wrong, for programs. It has fewer than twelve digits, so that it holds no card number. */
export const FaultCode = Type.String({
  pattern: "^(?!(?:[a-z_]*[0-9]){12})[a-z][a-z0-9_]{0,63}$",
  description: "snake_case, for programs.",
});

const freeText = "text/plain";

/** For people to read. */
export function FreeText(options: { minLength?: number; maxLength: number; description?: string }) {
  const said = [options.description, "Card numbers in it are masked."].filter(Boolean).join(" ");
  return Type.String({ ...options, contentMediaType: freeText, description: said });
}

export function isFreeText(schema: { contentMediaType?: unknown }): boolean {
  return schema.contentMediaType === freeText;
}
