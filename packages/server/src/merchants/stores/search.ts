/** What a search looks for, taken literally in a LIKE pattern; case is folded by the database, as in what is searched. */
export function literalPattern(text: string): string {
  return `%${text.normalize("NFC").replace(/[\\%_]/g, "\\$&")}%`;
}
