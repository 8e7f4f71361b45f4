import { readFileSync } from "node:fs";

/** A row of the table of operations in docs/testing-your-integration.md. */
export interface OutcomeRow {
  /** The row as it stands, for the name of its test. */
  name: string;
  /** Status and reason of the operation, or status and code of the answer; perhaps `late_result`. */
  outcome: string[];
  operation: string;
  controls: string[];
  /** The table's sentences about observations, with the fields that they name. */
  seen: string;
}

const page = new URL("../../../../docs/testing-your-integration.md", import.meta.url);
const codes = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

/** The cells of the rows of the first table below a heading of the page. */
function cellsBelow(heading: string): string[][] {
  const [, section = ""] = readFileSync(page, "utf8").split(`\n## ${heading}\n`);
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The rows of the table of operations. */
export function operationRows(): OutcomeRow[] {
  return cellsBelow("Operations").map(([outcome, operation, control, seen = ""]) => ({
    name: [outcome, operation, control].join(" ").replaceAll("`", ""),
    outcome: codes(outcome),
    operation: codes(operation)[0] ?? "",
    controls: codes(control),
    seen,
  }));
}

/** The outcomes of the table of webhooks. */
export function webhookOutcomes(): string[] {
  return cellsBelow("Webhooks").flatMap(([outcome]) => codes(outcome));
}

/** The kinds of controls that the page explains: the first word of each. */
export function explainedControls(): string[] {
  return cellsBelow("How to read the tables").flatMap(([control]) => codes(control));
}
