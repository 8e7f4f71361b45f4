import type { Found } from "./spin.ts";
import { judge } from "./verdict.ts";

type Column = [title: string, align: "left" | "right", cell: (found: Found) => string];

const columns: Column[] = [
  ["model", "left", ({ model }) => model.name],
  ["what is special", "left", ({ model }) => model.about],
  ["states", "right", ({ search }) => search.states.toLocaleString("en")],
  ["depth", "right", ({ search }) => String(search.depth)],
  ["seconds", "right", ({ search }) => search.seconds.toFixed(1)],
  ["verdict", "left", (found) => judge(found).words],
];

/** Prints the runs as a table in Markdown, which documents can include unchanged. */
export function printTable(runs: Found[]): void {
  const printed = columns.map(([title, align, cell]) => {
    const cells = runs.map(cell);
    const width = Math.max(...[title, ...cells].map(({ length }) => length));
    const fill = (text: string) => (align === "right" ? text.padStart(width) : text.padEnd(width));
    const rule = "-".repeat(width);
    return [
      ` ${fill(title)} `,
      align === "right" ? `-${rule}:` : `-${rule}-`,
      ...cells.map((text) => ` ${fill(text)} `),
    ];
  });
  for (let row = 0; row < runs.length + 2; row += 1) console.log(`|${printed.map((cells) => cells[row]).join("|")}|`);
}

/** Prints the steps by which a model breaks a promise. */
export function printStory({ model, story }: Found): void {
  console.log(`\n${model.name}: ${model.about}${model.breaks ? ` (${model.breaks})` : ""}\n`);
  for (const step of story) console.log(`  ${step}`);
}
