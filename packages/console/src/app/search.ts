/** A text in an address. The router reads digits there as a number; a text without characters means nothing. */
export function textOf(value: unknown): string | undefined {
  const text = (typeof value === "number" ? String(value) : typeof value === "string" ? value : "").trim();
  return text === "" ? undefined : text;
}
