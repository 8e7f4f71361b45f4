/** What a document says in one row of a table: its cells. */
export type Row = string[];

/** The rows of the first table of a text whose first header is `header`, without the header. Throws without one. */
export function tableOf(text: string, header: string): Row[] {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => cellsOf(line)[0] === header);
  if (at < 0) throw new Error(`there is no table of "${header}"`);
  const rows: Row[] = [];
  for (const line of lines.slice(at + 2)) {
    if (!line.startsWith("|")) break;
    rows.push(cellsOf(line));
  }
  return rows;
}

function cellsOf(line: string): Row {
  if (!line.startsWith("|")) return [];
  return line
    .slice(1, line.lastIndexOf("|"))
    .split("|")
    .map((cell) => cell.trim());
}

/** The text of a section, from its heading to the next one of the same level or above. Throws without one. */
export function sectionOf(text: string, heading: string): string {
  const level = heading.indexOf(" ");
  const lines = text.split("\n");
  const begin = lines.findIndex((line) => line.startsWith(heading));
  if (begin < 0) throw new Error(`there is no section "${heading}"`);
  const end = lines.findIndex((line, index) => index > begin && new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(begin, end < 0 ? undefined : end).join("\n");
}

/** What a run printed of one aim. */
interface Verdict {
  aim: string;
  met: boolean;
}

/** A run of benchmarks that docs/benchmarks.md keeps. */
export interface BenchRecord {
  programs: string[];
  command: string;
  date: string;
  /** Verdicts by program; a run of several programs prints the name of each before its own. */
  verdicts: Map<string, Verdict[]>;
}

const recorded =
  /`(npm run bench -- ([a-z -]+?)(?: --[^`]*)?)`(?:[^`]{0,40}`--[^`]*`)?[^`]{0,40}? ?\((\d{4}-\d\d-\d\d)\)/g;

/** The runs of a document, in its order. */
export function benchRecords(text: string): BenchRecord[] {
  const found = [...text.matchAll(recorded)];
  return found.map((match, index) => {
    const [whole, command = "", names = "", date = ""] = match;
    const rest = text.slice(match.index + whole.length, found[index + 1]?.index);
    const programs = names.split(" ");
    // What follows under another heading belongs to no run.
    return { programs, command, date, verdicts: verdictsOf(rest.split(/^## /m)[0] as string, programs) };
  });
}

function verdictsOf(text: string, programs: readonly string[]): Map<string, Verdict[]> {
  const verdicts = new Map<string, Verdict[]>();
  let program = programs[0] as string;
  for (const line of text.split("\n")) {
    if (programs.includes(line.trim())) program = line.trim();
    const own = verdictsIn(line);
    if (own.length > 0) verdicts.set(program, [...(verdicts.get(program) ?? []), ...own]);
  }
  return verdicts;
}

function verdictsIn(line: string): Verdict[] {
  // A line of the program: "p99 of accept at half load: 5.89 ms (aim ≤ 15 ms: met)".
  const printed = /^\s+(.+?) \(aim (.+): (met|MISSED)\)$/.exec(line);
  if (printed) return [{ aim: `${printed[1]} (aim ${printed[2]})`, met: printed[3] === "met" }];
  // A row of a table in Markdown, or as a program prints it, whose last column says whether the aim was met.
  const last = /(?:\|\s*|\s{2,})(met|MISSED)(?:\s*\|)?$/.exec(line);
  if (last) return [{ aim: firstCell(line), met: last[1] === "met" }];
  // A sentence: "p95 with the dead 477.7 ms (met), 1.26 of that without (met)".
  return [...line.matchAll(/(?:^|, )([^,.(]*(?:\.\d[^,.(]*)?) \((met|MISSED)\)/g)].map(([, aim = "", met]) => ({
    aim: aim.trim(),
    met: met === "met",
  }));
}

function firstCell(line: string): string {
  if (line.startsWith("|")) return cellsOf(line)[0] as string;
  return line.trim().split(/\s{2,}/)[0] as string;
}

/** The last recorded run of a program that said whether its aims were met, or else its last one. */
export function lastRecord(records: readonly BenchRecord[], program: string): BenchRecord | undefined {
  const own = records
    .filter(({ programs }) => programs.includes(program))
    .toSorted((a, b) => a.date.localeCompare(b.date));
  return own.findLast(({ verdicts }) => verdicts.has(program)) ?? own.at(-1);
}
