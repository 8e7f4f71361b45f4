// @module-tag nightly: processes of agents that are killed.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Cli, makeScratch, readSandboxFile, type SandboxFile, type Scratch, startCli } from "../support/cli.ts";

describe("tillkeeper agent", () => {
  let place: Scratch;
  let sandbox: Cli;
  let file: SandboxFile;
  let token: string;
  beforeAll(async () => {
    place = makeScratch();
    sandbox = startCli(["sandbox"], place.env);
    await sandbox.until(/Ctrl-C ends it\.\n/);
    file = readSandboxFile(place);
    const basic = Buffer.from(`${file.client_id}:${file.client_secret}`).toString("base64");
    const answer = await fetch(`${file.http_url}/v1/accounts/${file.account_id}/auth/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}`, "content-type": "application/json" },
      body: JSON.stringify({
        grant_type: "client_credentials",
        audience: `${file.http_url}/v1/accounts/${file.account_id}`,
      }),
    });
    token = ((await answer.json()) as { access_token: string }).access_token;
  });
  afterAll(async () => {
    await sandbox.stop();
    place.remove();
  });

  async function call(method: string, path: string, body?: object) {
    const response = await fetch(`${file.http_url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    // oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
    return (await response.json()) as any;
  }
  const terminals = () => `/v1/accounts/${file.account_id}/terminals`;
  const register = (serial: string) =>
    call("POST", terminals(), { device_serial_number: serial, store_id: "oslo-center" });
  const folder = () => join(folderOfTest("agent"), "state");
  function agent(...args: string[]): Cli {
    const cli = startCli(["agent", ...args], {});
    onTestFinished(async () => void (await cli.stop()));
    return cli;
  }
  const send = (terminalId: string, operation: string) =>
    call("POST", "/v1/admin/terminals/operations", { terminal_id: terminalId, operation });

  test("pairs by a code, carries out operations, and goes on with its keys", async () => {
    const { terminal_id: id, pairing } = await register("AGENT-1");
    const state = folder();
    const where = ["--server", file.http_url, "--serial", "AGENT-1", "--state", state];
    const first = agent(...where, "--code", pairing.code);
    await first.until(new RegExp(`^paired ${id}\nconnected ${id}\n`));
    const sent = await vi.waitUntil(async () => {
      const answer = await send(id, "check_update");
      return answer.id === undefined ? undefined : answer;
    });
    await first.until(new RegExp(`operation ${sent.id} check_update COMPLETED\n`));
    await vi.waitFor(async () => expect(await call("GET", `${terminals()}/${id}`)).toMatchObject({ status: "ACTIVE" }));
    expect(await first.stop()).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["device-keys.json", "device.json", `${id}.json`])
      expect(statSync(join(state, name)).mode & 0o777, name).toBe(0o600);

    // The server, the serial number and the keys are in the state folder.
    const again = agent("--state", state, "--json");
    await again.until(new RegExp(`^{"event":"connected","terminal_id":"${id}"}\n`));
    const opened = await send(id, "open_menu");
    const stdout = await again.until(/"COMPLETED"}\n/);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .slice(1)
        .map((line) => JSON.parse(line)),
    ).toEqual(
      ["received", "started", "COMPLETED"].map((word) => ({
        event: "operation",
        operation_id: opened.id,
        operation: "open_menu",
        state: word,
      })),
    );
    expect(await again.stop()).toMatchObject({ code: 0, stderr: "" });
  });

  test("without its journal asks for another address, begins a new journal, and says so", async () => {
    const { terminal_id: id, pairing } = await register("AGENT-8");
    const state = folder();
    const first = agent("--qr", pairing.qr_text, "--state", state);
    await first.until(new RegExp(`connected ${id}\n`));
    await first.stop();
    const journal = join(state, `${id}.json`);
    const addressIn = () => JSON.parse(readFileSync(journal, "utf8")).address;
    const before = addressIn();
    rmSync(journal);
    const second = agent("--state", state);
    await second.until(new RegExp(`^memory_lost ${id}\nconnected ${id}\n`));
    await second.stop();
    const after = addressIn();
    for (const address of [before, after]) expect(address).toMatch(new RegExp(`^${id}-D\\d+$`));
    expect(after).not.toBe(before);
    const third = agent("--state", state);
    await third.until(new RegExp(`^connected ${id}\n`));
    await third.stop();
    expect(addressIn()).toBe(after);
  });

  test("has its folder to itself, and a crash gives it back", async () => {
    const { terminal_id: id, pairing } = await register("AGENT-7");
    const state = folder();
    const where = ["--server", file.http_url, "--serial", "AGENT-7", "--state", state];
    const first = agent(...where, "--code", pairing.code);
    await first.until(new RegExp(`connected ${id}\n`));
    const second = await agent(...where).ended;
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toMatch(
      /^The folder .* is in use by another process \(\d+\): stop that one first, or name another folder with --state\.\n$/,
    );

    first.signal("SIGKILL");
    await first.ended;
    const third = agent(...where);
    await third.until(new RegExp(`connected ${id}\n`));
    expect(await third.stop()).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(state)).not.toContain("running.lock");
  });

  test("pairs by what a QR code says, and is locked out when other hardware takes its place", async () => {
    const { terminal_id: id, pairing } = await register("AGENT-2");
    const cli = agent("--qr", pairing.qr_text, "--state", folder());
    await cli.until(new RegExp(`^paired ${id}\nconnected ${id}\n`));
    await call("POST", `${terminals()}/${id}/device`, { device_serial_number: "AGENT-3" });
    await cli.until(new RegExp(`disconnected ${id}\nlocked_out ${id}\n`));
    expect(await cli.stop()).toMatchObject({ code: 0, stderr: "" });
  });

  test("says in one line why it does not start", async () => {
    const { pairing } = await register("AGENT-4");
    const state = folder();
    const damaged = folder();
    const keys = join(folder(), "..", "keys.json");
    writeFileSync(keys, JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: "short" }] }));
    const weak = join(folder(), "..", "weak.json");
    writeFileSync(weak, JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: "A".repeat(43) }] }));
    const known = ["--server", file.http_url, "--serial", "AGENT-4", "--state", state];
    const cases: [string[], RegExp, code?: number][] = [
      [["--server", file.http_url, "--serial", "AGENT-4", "--state", state], /not paired; give it a pairing code/],
      [
        ["--server", file.http_url, "--serial", "AGENT-4", "--code", "0000-0000", "--state", state],
        /could not be paired/,
      ],
      [
        ["--server", file.http_url, "--serial", "AGENT-5", "--code", pairing.code, "--state", state],
        /could not be paired/,
      ],
      [["--server", "nowhere", "--serial", "AGENT-4", "--state", state], /--server must be/, 2],
      [["--server", file.http_url, "--state", state], /--serial must be/, 2],
      [["--qr", pairing.qr_text, "--serial", "AGENT-5", "--state", state], /another device's/, 2],
      [["--qr", "https://example.com", "--state", state], /not a pairing/, 2],
      [["--qr", pairing.qr_text, "--code", "x", "--state", damaged], /cannot be used with/, 2],
      [[...known, "--transport", "post"], /--transport/, 2],
      [[...known, "--release-keys", keys], /number 1 is no Ed25519 public key/],
      [[...known, "--release-keys", weak], /is a weak key/],
      [[...known, "--release-keys", `${keys}.none`], /cannot be read/],
      [[...known, "--release-keys", join(place.data, "sandbox.json")], /no list of public keys/],
    ];
    for (const [args, message, expected = 1] of cases) {
      const { code, stdout, stderr } = await agent(...args).ended;
      expect({ args, code, stdout }).toEqual({ args, code: expected, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
  });

  // Each word when it is new: a line per attempt would fill a log, and none leaves people without a clue.
  test("says that a server is not there, when that changes, and ends in order meanwhile", async () => {
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    const asked = vi.fn<() => void>();
    const silent = createServer((socket) => {
      asked();
      socket.destroy();
    });
    onTestFinished(() => void silent.close());
    const cli = agent(
      "--server",
      `http://127.0.0.1:${port}`,
      "--serial",
      "AGENT-6",
      "--code",
      "x",
      "--state",
      folder(),
    );
    await cli.until(/\n/);
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    await vi.waitUntil(() => asked.mock.calls.length > 1);
    cli.signal("SIGINT");
    expect(await cli.ended).toMatchObject({
      code: 0,
      stdout: ["connection refused", "connection closed"]
        .map((why) => `cannot reach http://127.0.0.1:${port} (${why}); trying again\n`)
        .join(""),
      stderr: "",
    });
  });
});
