import { createTestDatabase, filesOf } from "@tillkeeper/stage/postgres/database";
import { dayTotals } from "@tillkeeper/virtual-terminals/virtual/day";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../../src/main.ts";
import { startSandbox } from "../support/sandbox.ts";
import { type SandboxClient, sandboxClient } from "../support/sandbox-client.ts";

/** docs/adr/0044-sandbox-controls.md: any server takes the request, the one that runs the terminal does it. */
describe("controls that are asked of another server than the one that runs the virtual terminal", async () => {
  const database = await createTestDatabase();
  const shared = {
    databaseUrl: database.url,
    files: filesOf(database.url),
    sandboxAccountId: "T73000001",
    sandboxClient: { id: "elsewhere", secret: "a secret that both servers know, 0123456789" },
  };
  const fleets = [0, 1].map(() => createVirtualFleet({ durationMs: { shortest: 1, longest: 3 } }));
  const servers: RunningServer[] = [];
  // The second finds all terminals taken.
  for (const fleet of fleets) servers.push(await startSandbox(shared, fleet));
  afterAll(async () => {
    for (const server of servers) await server.stop();
    for (const fleet of fleets) await fleet.stopAll();
    await database.drop();
  });
  let here: SandboxClient;
  let elsewhere: SandboxClient;
  let id: string;
  beforeAll(async () => {
    const clients = await Promise.all(servers.map(sandboxClient));
    [here, elsewhere] = clients as [SandboxClient, SandboxClient];
    id = here.terminalIds[0] ?? "";
    await here.until(id);
  });
  const path = () => `/sandbox/terminals/${id}`;

  it("has a fault set and taken away", async () => {
    expect(await elsewhere.control(id, { fault: "failure" })).toMatchObject({
      status: 200,
      body: { fault: "failure", in_force: true },
    });
    for (const client of [here, elsewhere]) {
      expect(await client.run(id, "open_menu")).toMatchObject({
        status: "FAILED",
        error: { code: "simulated_failure" },
      });
    }
    expect(await elsewhere.control(id, {})).toMatchObject({ status: 200, body: { in_force: true } });
    expect(await here.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });

  it("has the network cut and restored", async () => {
    expect(await elsewhere.control(id, { link: "down" })).toMatchObject({ status: 200 });
    for (const client of [here, elsewhere]) await client.until(id, "late");
    expect(await elsewhere.control(id, { link: "up" })).toMatchObject({ status: 200 });
    for (const client of [here, elsewhere]) await client.until(id);
  });

  it("has what is bought counted once in the close, and the close at the menu told by both", async () => {
    await here.run(id, "end_of_day");
    expect(await elsewhere.call("POST", `${path()}/purchases`, { amount: 12_900 })).toMatchObject({
      status: 201,
      body: { amount: 12_900, happened_at: expect.any(String) },
    });
    const { status, body } = await elsewhere.call<{ result: Record<string, string | number> }>(
      "POST",
      `${path()}/closes`,
    );
    expect(status).toBe(201);
    const { result } = body;
    const [from, until] = [result["start_of_day_at"], result["last_end_of_day_at"]].map((at) => Date.parse(String(at)));
    const sold = dayTotals(`SIMULATED-${here.accountId}-001`, from ?? 0, until ?? 0);
    expect(result).toMatchObject({
      purchases_count: sold.purchases_count + 1,
      purchases_amount: sold.purchases_amount + 12_900,
    });
  });

  it("has the clock moved for both, and the fault end at its time", async () => {
    const time = async (client: SandboxClient) =>
      Date.parse((await client.call<{ now: string }>("GET", "/sandbox/clock")).body.now);
    await elsewhere.control(id, { fault: "failure", for: "PT1H" });
    const before = await time(here);
    await elsewhere.call("PUT", "/sandbox/clock", { advance: "PT2H" });
    // Each server learns of it within a moment.
    for (const client of [here, elsewhere]) {
      await expect.poll(async () => (await time(client)) - before).toBeGreaterThanOrEqual(7_200_000);
    }
    await expect.poll(async () => (await here.run(id, "open_menu")).status).toBe("COMPLETED");
  });

  it("has the account reset, and its terminals run again", async () => {
    expect((await elsewhere.call("POST", "/sandbox/reset")).status).toBeLessThan(300);
    for (const client of [here, elsewhere]) await client.until(id);
    expect(await elsewhere.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });
});
