/** A LIKE pattern that finds the text literally. The database folds case, in the pattern and in the searched text. */
export function literalPattern(text: string): string {
  return `%${text.normalize("NFC").replace(/[\\%_]/g, "\\$&")}%`;
}
