import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { AgentLine } from "../checker/history.ts";
import { HistoryFile, readHistory } from "./history-file.ts";

const folder = mkdtempSync(join(tmpdir(), "tillkeeper-history-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (operationId: string): AgentLine => ({ type: "held", terminalId: "T1", operationId, at: 1 });

it("keeps whole lines apart from the half one that a killed process left", () => {
  const path = join(folder, "history.jsonl");
  const first = new HistoryFile(path);
  first.write(line("op-1"));
  first.close();
  appendFileSync(path, JSON.stringify(line("op-2")).slice(0, 20));
  const second = new HistoryFile(path);
  second.write(line("op-3"));
  second.close();
  expect(readHistory(path)).toEqual([line("op-1"), line("op-3")]);
});
