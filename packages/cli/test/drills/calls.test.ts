import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "@tillkeeper/contract/http/operations";
import type { Store } from "@tillkeeper/contract/http/stores";
import type { TerminalList } from "@tillkeeper/contract/http/terminals";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OwnSandbox, openOwnSandbox } from "../support/own-sandbox.ts";

let own: OwnSandbox;
const terminal = "T12345678-T0001";

beforeAll(async () => {
  own = await openOwnSandbox();
});
afterAll(() => own.stop());

test("a list is a table; what is beside the data goes to standard error", async () => {
  const { code, stdout, stderr } = await own.run(["stores", "list", "--limit", "1"]);
  expect(code).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ["STORE_ID", "STATUS", "STORE_NAME", "NUMBER_OF_TERMINALS", "ID"],
    ["trouble", "ACTIVE", "Trouble Corner", "2", "T12345678-0003"],
  ]);
  expect(stderr).toBe("There are more: --starting-after T12345678-0003, or --all.\n");
});

test("--json is the answer itself, --all all pages, one line for each", async () => {
  const page = await own.json<TerminalList>(["terminals", "list", "--store-id", "oslo-center"]);
  expect(page.terminals.map(({ terminal_id }) => terminal_id)).toEqual(["T12345678-T0002", terminal]);
  const all = await own.run(["stores", "list", "--all", "--limit", "1", "--json"]);
  expect(
    all.stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as Store).store_id),
  ).toEqual(["trouble", "bergen-harbour", "oslo-center"]);
  expect((await own.run(["hooks", "list"])).stdout).toBe("");
});

test("flags set fields at any depth, on top of a body", async () => {
  const address = { address_line: "Storgata 2", postal_place: "Oslo", country: "NO" };
  const flags = ["--address.address-line", "Storgata 2", "--address.postal-place", "Oslo", "--address.country", "NO"];
  expect(await own.json<Store>(["stores", "create", "--store-id", "kiosk", ...flags])).toMatchObject({
    store_id: "kiosk",
    address,
  });
  const whole = join(own.place.temporary, "store.json");
  writeFileSync(whole, JSON.stringify({ store_name: "Kiosk", address }));
  const replaced = await own.json<Store>([
    "stores",
    "replace",
    "kiosk",
    "--body",
    `@${whole}`,
    "--address.postal-code",
    "0155",
  ]);
  expect(replaced).toMatchObject({ store_name: "Kiosk", address: { ...address, postal_code: "0155" } });
  const zone = [
    "stores",
    "patch-configuration",
    "kiosk",
    "--auto-end-of-day.enabled",
    "--auto-end-of-day.time",
    "22:15",
  ];
  expect(await own.json(zone)).toMatchObject({ auto_end_of_day: { enabled: true, time: "22:15" } });
  const off = ["stores", "patch-configuration", "kiosk", "--no-auto-end-of-day.enabled"];
  expect(await own.json(off)).toMatchObject({ auto_end_of_day: { enabled: false, time: "22:15" } });
  const usual = ["stores", "patch-configuration", "kiosk", "--auto-end-of-day", "null"];
  expect(await own.json(usual)).not.toMatchObject({ auto_end_of_day: { time: "22:15" } });
  expect(await own.json(["stores", "remove", "kiosk"])).toMatchObject({ status: "DELETED" });
});

test("operations are sent and waited for, and their end is the exit code", async () => {
  const done = await own.json<Operation>(["operations", "send", terminal, "check_update", "--wait"]);
  expect(done).toMatchObject({ operation: "check_update", status: "COMPLETED" });
  const simulated = (fault: string) => [
    "--parameters.operator-id",
    `simulate:${fault}`,
    "--wait",
    "--timeout",
    "5",
    "--json",
  ];
  const failed = await own.run(["operations", "send", terminal, "open_menu", ...simulated("failure")]);
  expect([failed.code, JSON.parse(failed.stdout).status]).toEqual([1, "FAILED"]);
  const silent = await own.run(["operations", "send", terminal, "open_menu", ...simulated("no_answer")]);
  expect([silent.code, JSON.parse(silent.stdout).status]).toEqual([4, "TIMEOUT"]);
  const pending = await own.run([
    "operations",
    "send",
    terminal,
    "end_of_day",
    "--idempotency-key",
    crypto.randomUUID(),
  ]);
  expect(pending.code).toBe(0);
});

test("files come and go as they are", async () => {
  const { result } = await own.json<Operation>(["operations", "send", "T12345678-T0002", "send_logs", "--wait"]);
  const { log_id: log } = result as { log_id: string };
  const path = join(own.place.temporary, "log.gz");
  const saved = await own.run(["logs", "get-content", "T12345678-T0002", log, "--output", path]);
  expect(saved).toMatchObject({ code: 0, stdout: "" });
  expect(statSync(path).size).toBeGreaterThan(100);
  expect([...readFileSync(path).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
});

test.for([
  { args: ["stores", "get", "nowhere"], code: 1, said: /^There is no such store\. \(store_not_found\)\n$/ },
  {
    args: ["stores", "create", "--coordinates.latitude", "999"],
    code: 1,
    said: /\/body\/coordinates\/latitude: must be/,
  },
  { args: ["terminals", "add", "--store-id", "oslo-center"], code: 2, said: /missing --device-serial-number/ },
  { args: ["operations", "send", terminal, "end_of_dya"], code: 2, said: /Allowed choices are end_of_day/ },
  { args: ["operations", "list", "--status", "DONE"], code: 2, said: /It is one of PENDING/ },
  { args: ["stores", "list", "--limit", "many"], code: 2, said: /It is a number/ },
  { args: ["stores", "get", ".."], code: 2, said: /cannot be an id/ },
  { args: ["stores", "create", "--body", "{"], code: 2, said: /--body cannot be read: it is not JSON/ },
  { args: ["stores", "list", "--profile", "nobody"], code: 2, said: /There is no profile nobody/ },
  { args: ["api", "GET", "stores"], code: 2, said: /a path begins with/ },
  { args: ["clock", "8"], code: 2, said: /is no time/ },
  { args: ["close", "oslo-center", "--wait", "long"], code: 2, said: /takes a duration/ },
])("$args ends with $code and says why", async ({ args, code, said }) => {
  const ended = await own.run(args);
  expect(ended).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toMatch(said);
  expect(ended.stderr).not.toContain("    at ");
});

test("a server that is not there is said at once", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const env = { TILLKEEPER_URL: url, TILLKEEPER_CLIENT_ID: "x", TILLKEEPER_CLIENT_SECRET: "y" };
  for (const args of [
    ["stores", "list"],
    ["events", "tail"],
    ["close", "x"],
    ["listen", "--forward-to", "localhost:1"],
  ]) {
    const ended = await own.run(args, { ...env, TILLKEEPER_ACCOUNT: "T12345678" });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`The server at ${url} cannot be reached (connection refused).\n`);
  }
});

test("api sends any request, and prints what comes back", async () => {
  const found = await own.run(["api", "get", "/stores?limit=1"]);
  expect(JSON.parse(found.stdout).stores).toHaveLength(1);
  const made = await own.run([
    "api",
    "POST",
    "/v1/accounts/T12345678/stores",
    "--body",
    '{"store_id":"by-api"}',
    "--include",
  ]);
  expect(JSON.parse(made.stdout)).toMatchObject({ store_id: "by-api" });
  expect(made.stderr).toMatch(/^201 Created\n/);
  const refused = await own.run(["api", "GET", "/nowhere"]);
  expect([refused.code, JSON.parse(refused.stdout).error.code]).toEqual([1, "not_found"]);
});

test("login tries the credentials, keeps them for their owner alone, and they are used from then on", async () => {
  const { client_id, client_secret, http_url, account_id } = own.file;
  const config = join(own.place.temporary, "config");
  const env = { XDG_CONFIG_HOME: config, TILLKEEPER_DATA_DIR: join(own.place.temporary, "nothing-here") };
  const flags = ["--url", http_url, "--account", account_id, "--client-id", client_id];
  const path = join(config, "tillkeeper", "profiles.json");

  const wrong = await own.run(["login", "shop", ...flags], { ...env, TILLKEEPER_CLIENT_SECRET: "wrong" });
  expect(wrong.code).toBe(1);
  expect(existsSync(path)).toBe(false);
  const unasked = await own.run(["login", "shop", ...flags], env);
  expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining("--client-secret-file is missing") });

  const secret = join(own.place.temporary, "secret");
  writeFileSync(secret, `${client_secret}\n`);
  expect((await own.run(["login", "shop", ...flags, "--client-secret-file", secret], env)).code).toBe(0);
  expect([statSync(path).mode & 0o777, statSync(join(config, "tillkeeper")).mode & 0o777]).toEqual([0o600, 0o700]);
  expect((await own.run(["stores", "get", "oslo-center"], env)).code).toBe(0);

  const listed = await own.run(["use", "--json"], env);
  expect(JSON.parse(listed.stdout)).toEqual([{ name: "shop", in_use: true, url: http_url, account_id, client_id }]);
  expect(listed.stdout).not.toContain(client_secret);
  expect((await own.run(["use", "--none"], env)).code).toBe(0);
  expect((await own.run(["stores", "list"], env)).stderr).toContain("There is no sandbox at");
  expect((await own.run(["stores", "list", "--profile", "shop"], env)).code).toBe(0);
  expect((await own.run(["stores", "list"], { ...env, TILLKEEPER_PROFILE: "shop" })).code).toBe(0);
  expect((await own.run(["use", "shp"], env)).stderr).toContain("Known: shop.");
  expect((await own.run(["logout", "shop"], env)).code).toBe(0);
  expect(readFileSync(path, "utf8")).not.toContain(client_secret);
});

test("a file of profiles that others may read is refused", async () => {
  const config = join(own.place.temporary, "loose");
  mkdirSync(join(config, "tillkeeper"), { recursive: true });
  writeFileSync(join(config, "tillkeeper", "profiles.json"), '{"profiles":{}}', { mode: 0o644 });
  const ended = await own.run(["stores", "list"], { XDG_CONFIG_HOME: config });
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("chmod 600") });
});
