const { TERM } = process.env;

/** The width of the terminal that standard output is; undefined for files and pipes. */
export function outputWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/** The width of the terminal that standard error is, if lines there can be written over. */
export function liveWidth(): number | undefined {
  return process.stderr.isTTY && TERM !== "dumb" ? process.stderr.columns : undefined;
}

/** Says something that is not data: on standard error. */
export function say(text: string): void {
  console.error(text);
}

/** A text in lines of at most that width, the first after `indent` like the others. A word that is longer stands alone. */
export function wrapped(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(`${indent}${line}`);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, `${indent}${line}`];
}
