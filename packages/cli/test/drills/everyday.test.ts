import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { stripVTControlCharacters } from "node:util";
import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import type { SandboxClock } from "@tillkeeper/contract/http/sandbox";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { Program } from "@tillkeeper/stage/processes/program";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type OwnSandbox, openOwnSandbox } from "../support/own-sandbox.ts";

let own: OwnSandbox;
const hasScript = spawnSync("script", ["--version"]).error === undefined;

beforeAll(async () => {
  own = await openOwnSandbox({ TILLKEEPER_WINDOWS: "end_of_day=8" });
});
afterAll(() => own.stop());

async function add(store: string, number: string): Promise<string> {
  const serial = `SIMULATED-T12345678-${number}`;
  const flags = ["--store-id", store, "--device-serial-number", serial];
  return (await own.json<{ terminal_id: string }>(["terminals", "add", ...flags])).terminal_id;
}

test("close closes a store's day, says each change, and prints sums", async () => {
  const { code, stdout, stderr } = await own.run(["close", "bergen-harbour"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^T12345678-T0003 {2}waiting\n(?:.*\n)*T12345678-T0003 {2}closed {2}NOK\s[\d,.]+\n$/);
  expect(stdout).toMatch(/^bergen-harbour, \d{4}-\d\d-\d\d\nThe terminal is closed\.\n {2}T12345678-T0003 {2}closed/);
  expect(stdout).toMatch(/^NOK, 1 batch\n {2}sales +NOK\s[\d,.]+\n/m);
  const again = await own.run(["close", "bergen-harbour", "--json"]);
  expect([again.code, (JSON.parse(again.stdout) as Closing).state]).toEqual([0, "closed"]);
});

test("a terminal that is not closed: what to do is printed, and the exit code is 3", async () => {
  await own.run(["stores", "add", "--store-id", "half"]);
  const [fine, stopped] = [await add("half", "101"), await add("half", "909")];
  const preview = await own.run(["close", "half", "--preview"]);
  expect(preview).toMatchObject({ code: 0, stdout: expect.stringContaining("2 terminals would be closed.") });
  const { code, stdout } = await own.run(["close", "half", "--retry-until", "2020-01-01T00:00:00Z"]);
  expect(code).toBe(3);
  expect(stdout).toMatch(new RegExp(`^ {2}${fine} {2}closed`, "m"));
  expect(stdout).toMatch(new RegExp(`^ {2}${stopped} {2}failed +user_aborted$`, "m"));
  expect(stdout).toContain(`${stopped}:\n  Somebody at the terminal stopped it. Ask there, then send it again.\n`);
});

test("a close of which nobody knows ends with 4", async () => {
  const terminal = "T12345678-T0004";
  const only = ["--terminal", terminal, "--retry-until", "2020-01-01T00:00:00Z", "--json"];
  const { code, stdout } = await own.run(["close", "trouble", ...only]);
  const { state, terminals } = JSON.parse(stdout) as Closing;
  expect([
    code,
    state,
    terminals.filter((each) => each.terminal_id === terminal).map((each) => [each.terminal_id, each.state]),
  ]).toEqual([4, "unknown", [[terminal, "unknown"]]]);
});

test("what goes on without the command is left to the server", async () => {
  await own.run(["stores", "add", "--store-id", "busy"]);
  await add("busy", "905");
  const { code, stderr } = await own.run(["close", "busy", "--no-wait"]);
  expect(code).toBe(3);
  const said = "The server goes on by itself; `close` again shows how it stands.\n";
  expect(stderr).toContain(said);
  const watching = own.start(["close", "busy", "--wait", "10m"]);
  onTestFinished(async () => void (await watching.stop()));
  await vi.waitFor(() => expect(watching.errors()).toContain("  waiting"), { timeout: 20_000 });
  watching.signal("SIGINT");
  expect(await watching.ended).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/^busy, /),
    stderr: expect.stringContaining(said),
  });
});

test.skipIf(!hasScript)("at a terminal rows are written over, fit its width, and leave nothing behind", async () => {
  await own.run(["stores", "add", "--store-id", "screen"]);
  await add("screen", "102");
  const width = 60;
  const command = `stty cols ${width} rows 24; exec ${[...tillkeeper, "close", "screen"].join(" ")}`;
  const env = { TILLKEEPER_DATA_DIR: own.place.data, XDG_CONFIG_HOME: own.place.temporary, TERM: "xterm" };
  const shown = async (extra: Record<string, string>) =>
    (
      await new Program(["script", "-qec", command, "/dev/null"], {
        env: { ...env, ...extra },
        stdio: ["ignore", "pipe", "pipe"],
      }).ended
    ).stdout.replaceAll("\r\n", "\n");
  const text = await shown({});
  const escape = "\u001B[";
  expect(text).toContain(`${escape}2A${escape}0J`);
  expect(text).toContain(`${escape}32mclosed${escape}39m`);
  const last = stripVTControlCharacters(text.slice(text.lastIndexOf(`${escape}0J`)));
  expect(last).toMatch(/^screen, .*\nThe terminal is closed\.\n/);
  const lines = text.split("\n").map((line) => stripVTControlCharacters(line).length);
  expect(Math.max(...lines)).toBeLessThanOrEqual(width);
  expect(await shown({ NO_COLOR: "1" })).not.toContain(`${escape}32m`);
});

test("events are followed, and a list of them goes on where it ended", async () => {
  const page = await own.json<{ events: EventEnvelope[] }>(["events", "list", "--limit", "2"]);
  const tail = await own.run(["events", "tail", "--after", "0", "--count", "2", "--json"]);
  const ids = tail.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as EventEnvelope).id);
  expect(ids).toEqual(page.events.map(({ id }) => id));
  const followed = own.start(["events", "tail", "--type", "account_store_add"]);
  onTestFinished(async () => void (await followed.stop()));
  await vi.waitFor(async () => {
    const { store_id } = await own.json<{ store_id: string }>(["stores", "add"]);
    await Promise.race([followed.until(new RegExp(`account_store_add +${store_id} +ACTIVE`)), never(500)]);
  });
  followed.signal("SIGINT");
  expect((await followed.ended).code).toBe(0);
});

function never(ms: number): Promise<never> {
  return new Promise((_, reject) => void setTimeout(() => reject(new Error("not yet")), ms));
}

test("a stream that is cut goes on, and both are said once", async () => {
  let streams = 0;
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/auth/token")) {
      response.setHeader("content-type", "application/json");
      response.end('{"access_token":"t","token_type":"Bearer","expires_in":14400,"scope":""}');
      return;
    }
    streams += 1;
    if (streams === 2 || streams === 3) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" }).write(":\n\n");
    if (streams === 1) setTimeout(() => response.destroy(), 100);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const followed = own.start(["events", "tail"], {
    TILLKEEPER_URL: `http://127.0.0.1:${port}`,
    TILLKEEPER_ACCOUNT: "T12345678",
    TILLKEEPER_CLIENT_ID: "c",
    TILLKEEPER_CLIENT_SECRET: "s",
  });
  onTestFinished(async () => void (await followed.stop()));
  await vi.waitFor(() => expect(followed.errors()).toContain("Connected again."), { timeout: 20_000 });
  expect(followed.errors()).toMatch(/^The stream was cut \(.+\); trying again\.\nConnected again\.\n$/);
  expect(streams).toBe(4);
});

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A program that takes webhooks. */
async function receiver(port: number, status = 204): Promise<{ received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { received };
}

test("listen posts events with both signatures, and what came while the program was down", async () => {
  const port = await freePort();
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const listening = own.start(
    ["listen", "--forward-to", `localhost:${port}`, "--after", "0", "--type", "account_store_add"],
    {
      TILLKEEPER_LISTEN_SECRET: secret,
    },
  );
  onTestFinished(async () => void (await listening.stop()));
  await vi.waitFor(() => expect(listening.errors()).toMatch(/Nobody answers at .* \(connection refused\); .* waits/));
  expect(listening.errors()).toContain(`Signed by ${secret}\n`);
  const { received } = await receiver(port);
  await listening.until(/^204 {2}\d+ ms {2}\S+ {2}account_store_add +T12345678-0001/m);
  const [{ headers, body } = { headers: {}, body: "" }] = received;
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const event = new Webhook(secret).verify(body, texts) as EventEnvelope & { event_delivery: string };
  expect(texts["webhook-id"]).toBe(`T12345678-${event.id}`);
  expect(texts).toMatchObject({ event: "account_store_add", "event-delivery": event.event_delivery });
  expect(texts["event-signature"]).toBe(createHmac("sha1", secret).update(body).digest("hex"));
});

test("listen --json prints a line of JSON for each event", async () => {
  const port = await freePort();
  await receiver(port, 500);
  const listening = own.start(["listen", "--forward-to", `localhost:${port}`, "--after", "0", "--json"]);
  onTestFinished(async () => void (await listening.stop()));
  const [line = ""] = (await listening.until(/\n/)).split("\n");
  expect(JSON.parse(line)).toMatchObject({
    status_code: 500,
    duration_ms: expect.any(Number),
    event: { account_id: "T12345678", type: expect.any(String) },
  });
  expect(listening.errors()).toMatch(/^Signed by whsec_.*\nEvents of T12345678 at .* Ctrl-C ends it\.\n$/);
});

test("an event is sent again: to a program, or to a subscription", async () => {
  const { events } = await own.json<{ events: EventEnvelope[] }>(["events", "list", "--limit", "2"]);
  const [first, second] = events.map(({ id }) => id) as [string, string];
  const port = await freePort();
  const { received } = await receiver(port, 500);
  const again = await own.run([
    "events",
    "resend",
    first,
    "--until",
    second,
    "--forward-to",
    `http://127.0.0.1:${port}/in`,
  ]);
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/^500 {2}\d+ ms .*\n500 {2}/);
  expect(received.map(({ body }) => (JSON.parse(body) as EventEnvelope).id)).toEqual([first, second]);

  expect((await own.run(["events", "resend", first])).stderr).toBe("There is no webhook subscription.\n");
  const taking = await freePort();
  const hooked = await receiver(taking);
  const hook = ["hooks", "add", "--config.url", `http://127.0.0.1:${taking}/hook`, "--events", "account_store_add"];
  await own.json(hook);
  expect((await own.run(["events", "resend", first])).stdout).toMatch(/^Replay .*: event 1 to subscription/);
  await vi.waitFor(() => {
    expect(hooked.received.map(({ body }) => (JSON.parse(body) as EventEnvelope).id)).toContain(first);
  });
  expect((await own.run(["events", "resend", "9"])).code).toBe(2);
});

test("timeline tells what happened, the oldest first, in the store's own time", async () => {
  const { stdout, code } = await own.run(["timeline", "T12345678-T0003"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \(Europe\/Oslo\)\n\d\d:\d\d:\d\d {2}Sandbox registered the terminal/);
  expect(stdout).toMatch(/asked the terminal to close the day\.[^]*The terminal closed the day/);
  const at = await own.run(["timeline", "T12345678-T0003", "--at", "23:31"]);
  expect(at).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^23:31 on .* in Europe\/Oslo was \d\d:\d\d UTC\./),
  });
  const ofStore = (await own.run(["timeline", "bergen-harbour"])).stdout;
  expect(ofStore).toMatch(/^\d\d:\d\d:\d\d {2}Terminal T12345678-T0003 closed the day/m);
  expect(ofStore).not.toMatch(/(T12345678-T0003).*\1/);
});

test("the clock goes ahead, and not back", async () => {
  const before = await own.json<SandboxClock>(["clock"]);
  const after = await own.json<SandboxClock>(["clock", "+1d2h"]);
  expect(Date.parse(after.now) - Date.parse(before.now)).toBeGreaterThanOrEqual(26 * 3_600_000);
  const back = await own.run(["clock", before.now]);
  expect(back).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("clock_cannot_go_back") });
});

test("virtual terminals fail and sell on command", async () => {
  const terminal = "T12345678-T0002";
  const set = await own.json(["sim", "fault", terminal, "failure", "--for", "5m"]);
  expect(set).toMatchObject({ fault: "failure", in_force: true });
  const failed = await own.run(["operations", "send", terminal, "open_menu", "--wait", "--json"]);
  expect([failed.code, JSON.parse(failed.stdout).error.code]).toEqual([1, "simulated_failure"]);
  expect(await own.json(["sim", "link", terminal, "down"])).toMatchObject({ fault: "failure", link: "down" });
  expect(await own.json(["sim", "usual", terminal])).not.toHaveProperty("fault");
  expect(await own.json(["sim", "buy", terminal, "129.00", "--tip", "9"])).toMatchObject({ amount: 12_900, tip: 900 });
  expect((await own.run(["sim", "refund", terminal, "49.5"])).stdout).toMatch(/^refund of NOK\s49\.50 at /);
  expect(await own.run(["sim", "buy", terminal, "1,50"])).toMatchObject({ code: 2, stdout: "" });
  expect(await own.run(["sim", "fault", terminal, "sleepy"])).toMatchObject({ code: 2, stdout: "" });
});

test("what the server refuses of a close and of a stream is one sentence", async () => {
  const sentence = /^[^\n]+\([a-z_]+\)\n(?: {2}[^\n]+\n)*$/;
  for (const args of [
    ["close", "nowhere"],
    ["close", "nowhere", "--no-wait"],
    ["events", "tail", "--type", "nonsense"],
    ["listen", "--forward-to", "localhost:1", "--after", "nonsense"],
  ]) {
    const { code, stdout, stderr } = await own.run(args);
    expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: "" });
    expect(stderr.replace(/^Signed by .*\n/, "")).toMatch(sentence);
  }
});
