import { basic } from "@tillkeeper/stage/accounts/tokens";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it, vi } from "vitest";
import { startSandbox } from "./support/sandbox.ts";

const clockPath = "/v1/sandbox/clock";
const operations = "/v1/admin/terminals/operations";
const bootstrapToken = "a bootstrap token of 32 or more characters".replaceAll(" ", "-");
const minute = 60_000;
const hour = 60 * minute;

interface ClockAnswer {
  now: string;
  real_now: string;
  rate: number;
  error: { code: string; errors: { path: string; message: string }[] };
}
interface OperationAnswer {
  id: string;
  status: string;
  created_at: string;
  reason?: string;
  result?: { last_end_of_day_at: string };
}

describe("the clock of a sandbox", async () => {
  const fleet = createVirtualFleet({});
  const server = await startSandbox({ bootstrapToken }, fleet);
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
  });
  const { account_id: accountId, client_id: id, client_secret: secret, terminalIds } = server.sandbox ?? missing();
  const { body: granted } = await send<{ access_token: string }>(
    server.httpUrl,
    "POST",
    `/v1/accounts/${accountId}/auth/token`,
    {
      headers: { authorization: basic(id, secret) },
      body: { grant_type: "client_credentials", audience: `${server.httpUrl}/v1/accounts/${accountId}` },
    },
  );
  const token = granted.access_token;
  const ask = () => send<ClockAnswer>(server.httpUrl, "GET", clockPath, { token });
  const move = (body: unknown) => send<ClockAnswer>(server.httpUrl, "PUT", clockPath, { token, body });
  const aheadMs = ({ now, real_now: realNow }: ClockAnswer) => Date.parse(now) - Date.parse(realNow);
  const [good = ""] = terminalIds;
  const operate = (operation: string, timeout?: number) =>
    send<OperationAnswer>(server.httpUrl, "POST", operations, {
      token,
      body: { terminal_id: good, operation, ...(timeout && { timeout }) },
    });
  const read = async (operationId: string) =>
    (await send<OperationAnswer>(server.httpUrl, "GET", `${operations}/${operationId}`, { token })).body;
  const ended = (operationId: string) =>
    vi.waitUntil(async () => {
      const operation = await read(operationId);
      return operation.status === "PENDING" ? undefined : operation;
    });

  it("shows real time until somebody moves it, and stays a token's real time after that", async () => {
    const before = (await ask()).body;
    expect(before.rate).toBe(1);
    expect(aheadMs(before)).toBe(0);

    const moved = await move({ advance: "PT8H30M" });
    expect(moved.status).toBe(200);
    expect(aheadMs(moved.body)).toBeGreaterThanOrEqual(8.5 * hour - 1_000);
    expect(aheadMs(moved.body)).toBeLessThan(8.5 * hour + 1_000);
    // The token lives 4 hours, of real time.
    expect((await ask()).status).toBe(200);
  });

  it("gives its time to virtual terminals: their close, and the operation, are of that time", async () => {
    const { now } = (await move({ advance: "P2D" })).body;
    const { status, body } = await operate("end_of_day");
    expect(status).toBe(201);
    const done = await ended(body.id);
    expect(done.status).toBe("COMPLETED");
    for (const at of [done.created_at, done.result?.last_end_of_day_at ?? ""])
      expect(Math.abs(Date.parse(at) - Date.parse(now))).toBeLessThan(30 * minute);
  });

  it("ends what its deadline has passed", async () => {
    const { body } = await send<OperationAnswer>(server.httpUrl, "POST", operations, {
      token,
      body: {
        terminal_id: good,
        operation: "open_menu",
        timeout: 600,
        parameters: { operator_id: "simulate:slow" },
      },
    });
    expect((await read(body.id)).status).toBe("PENDING");
    expect((await move({ advance: "PT11M" })).status).toBe(200);
    expect(await ended(body.id)).toMatchObject({ status: "TIMEOUT" });
  });

  it("goes to the instant that is asked for, over months", async () => {
    const target = new Date(Date.parse((await ask()).body.now) + 100 * 24 * hour);
    target.setUTCHours(21, 29, 0, 0);
    const { status, body } = await move({ set_to: target.toISOString() });
    expect(status).toBe(200);
    expect(Date.parse(body.now) - target.getTime()).toBeGreaterThanOrEqual(0);
    expect(Date.parse(body.now) - target.getTime()).toBeLessThan(10_000);
    const { body: operation } = await operate("end_of_day");
    expect(await ended(operation.id)).toMatchObject({ status: "COMPLETED" });
  });

  it("runs faster, terminals included, and at its usual pace again", async () => {
    expect((await move({ rate: 60 })).body.rate).toBe(60);
    // At that rate its usual deadline is a quarter of a second away.
    const { body: first } = await operate("open_menu", 600);
    expect(await ended(first.id)).toMatchObject({ status: "COMPLETED" });
    const before = (await ask()).body;
    await vi.waitUntil(async () => aheadMs((await ask()).body) - aheadMs(before) > 30_000);
    const slowed = await move({ rate: 1 });
    expect(slowed.body.rate).toBe(1);
    // Other servers went on at the former rate until they knew.
    expect(aheadMs(slowed.body) - aheadMs(before)).toBeGreaterThan(30_000 + 59 * 1_000);
    const after = (await ask()).body;
    const { body: second } = await operate("end_of_day");
    expect(await ended(second.id)).toMatchObject({ status: "COMPLETED" });
    expect(Math.abs(aheadMs((await ask()).body) - aheadMs(after))).toBeLessThanOrEqual(1);
  });

  it("does not go back, and says what it takes instead", async () => {
    const { now } = (await ask()).body;
    const back = await move({ set_to: new Date(Date.parse(now) - hour).toISOString() });
    expect(back).toMatchObject({ status: 409, body: { error: { code: "clock_cannot_go_back" } } });
    expect(back.body.error.errors[0]?.message).toContain("must be after");
    const refused = [
      {},
      { advance: "PT0" },
      { advance: "P1M" },
      { advance: "-PT1H" },
      { advance: "PT1H", set_to: new Date(Date.parse(now) + hour).toISOString() },
      { set_to: "2999-01-01T00:00:00Z" },
      { advance: "P9999D" },
      { rate: 0 },
      { rate: 1_001 },
      { rate: 1.5 },
      { speed: 5 },
    ];
    for (const body of refused) expect((await move(body)).status, JSON.stringify(body)).toBe(400);
    expect(Math.abs(Date.parse((await ask()).body.now) - Date.parse(now))).toBeLessThan(hour);
  });

  it("stands in the audit log", async () => {
    const { body } = await send<{ entries: { action: string; after: object }[] }>(
      server.httpUrl,
      "GET",
      `/v1/accounts/${accountId}/audit?action=clock.move&limit=100`,
      { token },
    );
    expect(body.entries.map(({ after }) => after)).toContainEqual({ advance: "PT8H30M" });
  });

  it("is real, and stays so, once there is a live account on the database", async () => {
    const { status } = await send(server.httpUrl, "POST", "/v1/accounts", {
      token: bootstrapToken,
      body: { name: "Live", account_id: "P10000009" },
    });
    expect(status).toBe(201);
    expect(await move({ advance: "PT1H" })).toMatchObject({ status: 409, body: { error: { code: "clock_is_real" } } });
  });
});

it("does not exist on a server that is no sandbox", async () => {
  const { server, tenant } = await world();
  for (const method of ["GET", "PUT"] as const) {
    const { status, body } = await send<ClockAnswer>(server.url, method, clockPath, {
      token: tenant.token,
      ...(method === "PUT" && { body: { rate: 2 } }),
    });
    expect(status).toBe(404);
    expect(body.error.code).toBe("not_found");
  }
});

function missing(): never {
  throw new Error("the sandbox is not open");
}
