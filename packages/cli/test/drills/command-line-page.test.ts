import { expect, test } from "vitest";
import { runPage, tools } from "../support/page.ts";

test.skipIf(!tools)("the commands of the page on the command line do what it says", { timeout: 120_000 }, async () => {
  const { blocks, outputs } = await runPage("command-line");
  // The last one, completion, prints nothing.
  expect(blocks).toHaveLength(6);
  const [stores = "", close = "", happened = "", sandbox = "", calls = ""] = outputs;
  expect(stores).toMatch(/^STORE_ID +STATUS[^]*\noslo-center +ACTIVE/);
  expect(close).toMatch(/2 terminals would be closed\.[^]*Both terminals are closed\.[^]*exit code 0\n$/);
  expect(happened).toMatch(/The terminal closed the day[^]*account_store_add/);
  expect(sandbox).toMatch(/^purchase of NOK\s129\.00 at [^]*"simulated_failure"[^]*exit code 1\n/);
  expect(calls).toMatch(/address\.country +NO\n[^]*end_of_day +COMPLETED[^]*"store_id":"kiosk"[^]*\{"stores":\[/);
});
