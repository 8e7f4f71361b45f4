/** Breaks a text into lines of at most `width` characters, between words; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** A text with something before its first line, and its other lines below the text's beginning. */
export function hanging(before: string, text: string, width: number): string {
  const [first = "", ...rest] = wrap(text, Math.max(width - before.length, 20));
  return [`${before}${first}`, ...rest.map((line) => " ".repeat(before.length) + line)].join("\n");
}
