import { errorCodes } from "@tillkeeper/contract/http/errors";
import { operationEndpoints } from "@tillkeeper/contract/http/operations";
import { operationReasons } from "@tillkeeper/contract/operation-reasons";
import { operationNames, operationStatuses } from "@tillkeeper/contract/operations";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it } from "vitest";
import { OutcomeControls } from "../support/outcome-controls.ts";
import { explainedControls, type OutcomeRow, operationRows } from "../support/outcome-table.ts";
import { startSandbox } from "../support/sandbox.ts";
import { sandboxClient } from "../support/sandbox-client.ts";

const rows = operationRows();
const limited = (row: OutcomeRow) => row.controls.includes("limit");

/** A sandbox with healthy, quick terminals, and its controls. */
async function sandbox(config: Parameters<typeof startSandbox>[0] = {}) {
  const fleet = createVirtualFleet({ durationMs: { shortest: 1, longest: 3 } });
  const server = await startSandbox(config, fleet);
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
  });
  return { server, client: await sandboxClient(server) };
}

/** Compares what was seen with the first column, and with the fields that the last one names with a value. */
function holds(row: OutcomeRow, seen: object): void {
  const [status = "", reason] = row.outcome;
  if (/^\d+$/.test(status)) {
    expect(seen).toMatchObject({ status: Number(status), body: { error: { code: reason } } });
    return;
  }
  expect(seen).toMatchObject({ status });
  if (reason) expect(seen).toHaveProperty("reason", reason);
  else expect(seen).not.toHaveProperty("reason");
  for (const [, field = "", value] of row.seen.matchAll(/`([a-z_.]+)` is `([a-z_]+)`/g)) {
    expect(seen).toHaveProperty(field, value);
  }
  for (const [, field = ""] of row.seen.matchAll(/`(result[a-z_.]*)`/g)) expect(seen).toHaveProperty(field);
}

describe("the table of outcomes", () => {
  it("has each status, reason, operation and refusal of operations", () => {
    const outcomes = new Set(rows.flatMap(({ outcome }) => outcome));
    const refusals = Object.values(operationEndpoints)
      .flatMap((endpoint): readonly string[] => ("errors" in endpoint ? endpoint.errors : []))
      .filter((code) => [409, 422].includes(errorCodes[code as keyof typeof errorCodes].status));
    const all = [...operationStatuses, ...operationReasons, ...refusals, "too_many_requests", "late_result"];
    expect(all.filter((one) => !outcomes.has(one))).toEqual([]);
    expect(refusals.length).toBeGreaterThan(4);
    const operated = (name: string) => rows.some((row) => row.operation === name);
    expect(operationNames.filter((name) => !operated(name))).toEqual([]);
  });

  it("uses the controls that the page explains, and no others", () => {
    const kind = (control: string) =>
      /^(simulate|PUT|serial|clock|by hand|cancel late|\w+)/.exec(control)?.[0] ?? control;
    const explained = new Set(explainedControls().map(kind));
    expect(new Set(rows.flatMap(({ controls }) => controls.map(kind)))).toEqual(explained);
  });
});

describe("each outcome of an operation comes by its control", async () => {
  const { server, client } = await sandbox();
  const controls = new OutcomeControls(server, client);
  await client.until(client.terminalIds[0] ?? "");

  it.each(rows.filter((row) => !limited(row)))("$name", async (row) => {
    holds(row, await controls.carryOut(row));
  });
});

describe("a sandbox with a limit of requests", async () => {
  const { server, client } = await sandbox({ rateLimit: { perClient: 1, perAddress: 20 } });

  it.each(rows.filter(limited))("$name", async (row) => {
    holds(row, await new OutcomeControls(server, client).carryOut(row));
  });
});
