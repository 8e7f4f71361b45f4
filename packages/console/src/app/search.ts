/**
 * A text in an address, as it was typed: the router has made a number or a yes of it where nothing is lost by that. A text without
 * characters means nothing.
 */
export function textOf(value: unknown): string | undefined {
  const text = ["string", "number", "boolean"].includes(typeof value) ? String(value).trim() : "";
  return text === "" ? undefined : text;
}

/** What a value in an address means: a text stands there as it is. In earlier links some stand in quotes. */
export function valueInAddress(text: string): unknown {
  return /^".*"$/.test(text) ? JSON.parse(text) : text;
}
