import { Type } from "typebox";

/**
 * Each text that a device sends is an identifier with a pattern, or free text. Identifiers are stored unchanged, because a
 * batch number may look like a card number. In free text the server masks digits that look like a card number, when it
 * reads the message.
 */
const printable = "^[!-~]*$";

/** An identifier that a device chooses: printable ASCII without spaces. */
export function Identifier(options: {
  minLength?: number;
  maxLength: number;
  description?: string;
  examples?: string[];
}) {
  return Type.String({ pattern: printable, ...options });
}

/** The code of a fault or an error, for programs. It has fewer than twelve digits, so that it holds no card number. */
export const FaultCode = Type.String({
  pattern: "^(?!(?:[a-z_]*[0-9]){12})[a-z][a-z0-9_]{0,63}$",
  description: "snake_case, for programs.",
});

const freeText = "text/plain";

/** A text for people, in which the server masks card numbers. `contentMediaType` marks its schema for `isFreeText`. */
export function FreeText(options: { minLength?: number; maxLength: number; description?: string }) {
  const description = [options.description, "Card numbers in it are masked."].filter(Boolean).join(" ");
  return Type.String({ ...options, contentMediaType: freeText, description });
}

/** Whether the server masks card numbers in texts of a schema. */
export function isFreeText(schema: { contentMediaType?: unknown }): boolean {
  return schema.contentMediaType === freeText;
}
