// @module-tag nightly: many terminals in processes of their own.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "@tillkeeper/contract/http/operations";
import type { PresenceCounts } from "@tillkeeper/contract/http/presence";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import { type Client, createClient, type Terminal } from "@tillkeeper/sdk";
import { folderOfTests } from "@tillkeeper/stage/folders";
import type { OpenBatch } from "@tillkeeper/virtual-terminals/simulation/simulated-state";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Cli, makeScratch, readSandboxFile, type SandboxFile, startCli } from "../support/cli.ts";

interface Line {
  event: "progress" | "summary" | "ended";
  terminals: Record<"wanted" | "registered" | "paired" | "active" | "started" | "connected", number>;
  operations: { running: number; completed: number; failed: number; failures: Record<string, number> };
  payments: { count: number; amount: number; lost: number };
  faults: Record<string, number>;
}

const patience = { interval: 250 };

describe("tillkeeper simulate", () => {
  const place = makeScratch();
  const folder = folderOfTests("simulate");
  const state = join(folder, "state");
  let sandbox: Cli;
  let file: SandboxFile;
  let client: Client;

  beforeAll(async () => {
    sandbox = startCli(["sandbox"], place.env);
    await sandbox.until(/Ctrl-C ends it\.\n/);
    file = readSandboxFile(place);
    const { http_url: url, account_id: accountId, client_id: clientId, client_secret: clientSecret } = file;
    client = createClient({ url, accountId, clientId, clientSecret });
  });
  afterAll(async () => {
    await sandbox.stop();
    place.remove();
  });

  function simulate(...args: string[]) {
    const cli = startCli(["simulate", "--json", ...args], place.env);
    onTestFinished(async () => void (await cli.stop()));
    return cli;
  }

  /** Interrupts the program as Ctrl-C does. Resolves with the last line of its output. */
  async function interrupt(cli: Cli): Promise<Line> {
    cli.signal("SIGINT");
    const { code, stdout, stderr } = await cli.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const last: Line = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ event: "ended", terminals: { connected: 0 } });
    return last;
  }

  async function terminalsOf(seed: string, includeDeleted = false) {
    const found: Terminal[] = [];
    for await (const terminal of client.terminals.list({ include_deleted: includeDeleted })) {
      if (terminal.device_serial_number.startsWith(`SIMULATION-${seed}-`)) found.push(terminal);
    }
    return found;
  }

  /** Counts the terminals of the simulated stores by presence. */
  async function presence(): Promise<PresenceCounts> {
    const { access_token: token } = await client.token();
    const response = await fetch(`${file.http_url}/v1/accounts/${file.account_id}/presence?limit=100`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { stores }: { stores: { store_id: string; counts: PresenceCounts }[] } = JSON.parse(await response.text());
    const total: PresenceCounts = { online: 0, late: 0, offline: 0, never: 0, shut_down: 0 };
    for (const { store_id: id, counts } of stores) {
      if (!id.startsWith("SIM-")) continue;
      for (const status of Object.keys(total) as (keyof PresenceCounts)[]) total[status] += counts[status];
    }
    return total;
  }

  test("brings a fleet under all faults to work; its closes add up to its payments; all say goodbye and go on later", async () => {
    const size = 40;
    // Of two closes by hand in a row, the terminal reports only the second. The totals of the first are recorded
    // nowhere, so the sums below would differ.
    const faults = "all,by-hand=0";
    const args = [
      "--terminals",
      String(size),
      "--faults",
      faults,
      "--speed",
      "60",
      "--from",
      "12:00",
      "--state",
      state,
    ];
    const first = simulate(...args);
    await first.until(new RegExp(`"active":${size},`));
    const terminals = await terminalsOf("1");
    expect(terminals).toHaveLength(size);
    expect(new Set(terminals.map(({ store_id: id }) => id)).size).toBe(size / 5);
    const updates = await client.operations.list({ operation: "check_update", status: "COMPLETED" });
    expect(new Set(updates.map(({ terminal_id: id }) => id)).size).toBe(size);
    await vi.waitFor(async () => expect((await presence()).online).toBeGreaterThan(size * 0.7), patience);

    const ended = await Promise.all(terminals.map(({ terminal_id: id }) => closeDay(id)));
    const completed = ended.filter(({ status }) => status === "COMPLETED");
    expect(completed.length).toBeGreaterThan(size * 0.5);
    for (const { status, reason } of ended) if (status !== "COMPLETED") expect(reason, status).toBeDefined();

    const { payments, faults: happened, operations, terminals: counts } = await interrupt(first);
    expect(counts).toMatchObject({ registered: size, paired: size });
    expect(payments.count).toBeGreaterThan(size);
    expect(Object.keys(happened).length).toBeGreaterThan(2);
    expect(operations.failed).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await presence()).toMatchObject({ shut_down: size }));

    const kept = journals();
    expect(kept.flatMap(({ closes }) => closes)).toEqual(
      expect.arrayContaining(completed.map(({ result }) => expect.objectContaining(result as EndOfDayResult))),
    );
    const batches = kept.flatMap(({ closes, open }) => [...closes, open]);
    expect(sum(batches, "purchases_amount") - sum(batches, "reversals_amount")).toBe(payments.amount);
    expect(sum(batches, "purchases_count") + sum(batches, "reversals_count")).toBe(payments.count);

    const again = simulate(...args);
    await again.until(new RegExp(`"started":${size},"connected":${size}`));
    expect((await interrupt(again)).terminals).toMatchObject({ registered: 0, paired: 0, started: size });
    expect(await terminalsOf("1")).toHaveLength(size);
  });

  async function closeDay(terminalId: string): Promise<Operation> {
    const body = { terminal_id: terminalId, operation: "end_of_day", when_busy: "wait", timeout: 20 } as const;
    // A check_update may be pending, for a device that had a fault.
    const { id } = await vi.waitFor(() => client.operations.create(body), patience);
    return client.operations.wait(id, { pollMs: 500, timeoutMs: 60_000 });
  }

  /** Returns the journals of the terminals: the closes that they answered, and the payments since. */
  function journals(): { closes: EndOfDayResult[]; open: OpenBatch }[] {
    const path = join(state, file.account_id, "journals");
    return readdirSync(path).map((name) => {
      const journal = JSON.parse(readFileSync(join(path, name), "utf8"));
      const answered: { operation: string; result?: EndOfDayResult }[] = journal.log.results;
      const closes = answered.flatMap(({ operation, result }) =>
        operation === "end_of_day" && result ? [result] : [],
      );
      return { closes, open: journal.state.open_batch };
    });
  }

  test("is refused a folder that another run has", async () => {
    const args = ["--terminals", "1", "--seed", "shared", "--state", join(folder, "shared")];
    const first = simulate(...args);
    await first.until(/"active":1,/);
    expect(await simulate(...args).ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The folder .* is in use by another process \(\d+\): [^\n]*--state\.\n$/),
    });
    await interrupt(first);
  });

  test("without a folder for its state pairs its terminals anew, ends by itself, and takes them away if told to", async () => {
    const args = ["--terminals", "3", "--seed", "b", "--faults", "none", "--minutes", "0.1"];
    const first = await simulate(...args).ended;
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(first.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      terminals: { registered: 3, paired: 3, active: 3 },
    });
    expect((await terminalsOf("b")).map(({ status }) => status)).toEqual(["ACTIVE", "ACTIVE", "ACTIVE"]);

    const second = await simulate(...args, "--remove").ended;
    expect(JSON.parse(second.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      terminals: { registered: 0, paired: 3, active: 3 },
    });
    expect(await terminalsOf("b")).toEqual([]);
    expect((await terminalsOf("b", true)).map(({ status }) => status)).toEqual(["DELETED", "DELETED", "DELETED"]);
  });

  test("says in one sentence why it does not begin", async () => {
    const { http_url: url, account_id: account, client_id: clientId } = file;
    const named = ["--url", url, "--account", account, "--client-id", clientId];
    const refusals: [string[], RegExp, code?: number][] = [
      [[...named, "--client-secret", "wrong"], /^.+ \(invalid_client\)\n$/, 1],
      [named, /^All four are needed, or none: TILLKEEPER_URL, [^\n]*, or their options\.\n$/],
      [
        [...named, "--client-secret-file", "/nowhere"],
        /^The file \/nowhere \(--client-secret-file\) cannot be read: ENOENT\.\n$/,
        1,
      ],
      [["--faults", "noise"], /"noise" is no fault; there are all, none, bad-links/],
      [["--terminals", "0"], /It is a number from 1 to 100000\./],
      [["--seed", "a b"], /letters, digits and hyphens/],
      [["--from", "25:00"], /It is a time of day/],
    ];
    for (const [args, message, expected = 2] of refusals) {
      const { code, stderr } = await simulate(...args).ended;
      expect({ args, code }).toEqual({ args, code: expected });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
    const elsewhere = startCli(["simulate"], { ...place.env, TILLKEEPER_DATA_DIR: folder });
    expect(await elsewhere.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^There is no sandbox at /) });
  });
});

function sum<Key extends "purchases_amount" | "reversals_amount" | "purchases_count" | "reversals_count">(
  batches: Partial<Record<Key, number>>[],
  key: Key,
): number {
  return batches.reduce((total, batch) => total + (batch[key] ?? 0), 0);
}
