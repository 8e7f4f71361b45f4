// @module-tag nightly: servers with certificates of an authority of our own.

import { expect, onTestFinished, test } from "vitest";
import { type Cli, leftBehind, type Scratch, scratch, startCli } from "../support/cli.ts";

function facts(stdout: string): Record<string, string> {
  return Object.fromEntries([...stdout.matchAll(/^(\S.*?) {2,}(\S+)$/gm)].map(([, name, value]) => [name, value]));
}

async function run(place: Scratch, ...args: string[]) {
  const ended = await startCli(args, place.env).ended;
  expect(leftBehind(place)).toEqual([]);
  return ended;
}

interface Running {
  cli: Cli;
  call: (method: string, path: string, token: string, body?: unknown) => Promise<{ status: number; body: unknown }>;
  token: (account: string, client: Record<string, string>) => Promise<string>;
}

async function startServer(place: Scratch): Promise<Running> {
  const cli = startCli(["serve"], place.env);
  onTestFinished(async () => void (await cli.stop()));
  const url = /http:\/\/\S+/.exec(await cli.until(/Tillkeeper listens on .*\n/))?.[0] as string;
  const send = async (method: string, path: string, authorization: string, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  return {
    cli,
    call: (method, path, token, body) => send(method, path, `Bearer ${token}`, body),
    async token(account, client) {
      const pair = Buffer.from(`${client["Client id"]}:${client["Client secret"]}`).toString("base64");
      const path = `/v1/accounts/${account}`;
      const asked = { grant_type: "client_credentials", audience: `${url}${path}` };
      const { status, body } = await send("POST", `${path}/auth/token`, `Basic ${pair}`, asked);
      expect(status).toBe(200);
      return (body as { access_token: string }).access_token;
    },
  };
}

const [squatter, owner] = ["P10000001", "P10000002"];

test("client create is the way back into an account, terminal release frees what the wrong one holds", async () => {
  const place = scratch();
  for (const id of [squatter, owner]) await run(place, "account", "create", "--id", id, "--name", "Shop");
  const made: Record<string, Record<string, string>> = {};
  for (const id of [squatter, owner]) {
    const ended = await run(place, "client", "create", "--account", id, "--name", "Way back");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    made[id] = facts(ended.stdout);
    expect(made[id]["Account"]).toBe(id);
  }

  const first = await startServer(place);
  const [squatting, owning] = await Promise.all([squatter, owner].map((id) => first.token(id, made[id] ?? {})));
  for (const [id, token] of [
    [squatter, squatting],
    [owner, owning],
  ] as const) {
    const store = await first.call("POST", `/v1/accounts/${id}/stores`, token ?? "", { store_id: "S1" });
    // The client has all rights, and the audit log names its origin.
    expect(store.status).toBe(201);
    const log = await first.call("GET", `/v1/accounts/${id}/audit?action=client.create`, token ?? "");
    expect(JSON.stringify(log.body)).toContain("tillkeeper:cli");
    expect(JSON.stringify(log.body)).not.toContain(made[id]?.["Client secret"]);
  }
  const register = (server: Running, id: string, token: string, serial: string) =>
    server.call("POST", `/v1/accounts/${id}/terminals`, token, { device_serial_number: serial, store_id: "S1" });
  expect((await register(first, squatter, squatting ?? "", "HARDWARE-1")).status).toBe(201);
  const other = await register(first, squatter, squatting ?? "", "HARDWARE-2");
  const { terminal_id: working } = other.body as { terminal_id: string };
  await first.call("POST", `/v1/accounts/${squatter}/terminals/${working}/credentials`, squatting ?? "");
  expect((await register(first, owner, owning ?? "", "hardware-1")).status).toBe(409);
  await first.cli.stop();

  expect(await run(place, "terminal", "release", "--serial", "hardware-1")).toMatchObject({ code: 0, stderr: "" });
  expect(await run(place, "terminal", "release", "--serial", "hardware-1")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "No live account has a terminal with the serial number hardware-1. On sandbox accounts it blocks none.\n",
  });
  const refused = await run(place, "terminal", "release", "--serial", "HARDWARE-2");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/^The terminal P10000001-T0002 has a credential, .* --paired locks that out\.\n$/);
  expect((await run(place, "terminal", "release", "--serial", "HARDWARE-2", "--paired")).code).toBe(0);

  const second = await startServer(place);
  const token = await second.token(owner, made[owner] ?? {});
  for (const serial of ["HARDWARE-1", "HARDWARE-2"]) {
    expect((await register(second, owner, token, serial)).status, serial).toBe(201);
  }
  const theirs = await second.token(squatter, made[squatter] ?? {});
  const log = await second.call("GET", `/v1/accounts/${squatter}/audit?action=terminal.release`, theirs);
  expect((log.body as { entries: { actor: string }[] }).entries.map((entry) => entry.actor)).toEqual([
    "tillkeeper:cli",
    "tillkeeper:cli",
  ]);
});

test("client create says in one sentence what it cannot do", async () => {
  const place = scratch();
  expect(await run(place, "client", "create", "--account", "P12345678")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "There is no account P12345678.\n",
  });
  for (const args of [["--account", "x"], ["--account", "P12345678", "--name", " "], []]) {
    const refused = await startCli(["client", "create", ...args], place.env).ended;
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^error: /);
  }
});
