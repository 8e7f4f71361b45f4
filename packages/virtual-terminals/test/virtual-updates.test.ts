import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckUpdateResult } from "@tillkeeper/contract/operations";
import { until } from "@tillkeeper/stage/until";
import { beforeEach, expect, test, vi } from "vitest";
import { type Scene, terminalId, useScene } from "../../agent/test/support/scene.ts";
import { offer, releaseMaker, sendFile, token, UpdateServer } from "../../agent/test/support/update-server.ts";
import { useFleets } from "./support/fleets.ts";

let scene: Scene;
let { server, folder } = {} as Scene;
useScene((made) => {
  scene = made;
  ({ server, folder } = made);
});
const { fleet, spec, close } = useFleets(() => scene);

const maker = releaseMaker();
const content = randomBytes(50_000);
const latest = offer(maker, content, { version: "5.0" });
const trusting = () => spec({ releaseKeys: () => [maker.publicKey] });
let updates: UpdateServer;
beforeEach(async () => {
  updates = await UpdateServer.start({ latest, update_available: true }, content);
});

/** Sends a check_update and resolves with its result. */
async function check() {
  const transfer = { url: `${updates.url}/update`, token, expires_at: new Date(Date.now() + 60_000).toISOString() };
  const { operation_id: id } = server.command({ operation: "check_update", transfer });
  const { status, result } = await server.result(id);
  return { id, status, result: result as CheckUpdateResult | undefined };
}
const agents = () => server.hellos.map(({ agent }) => agent);
const [old, updated] = ["tillkeeper-virtual-terminal/4.2.0", "tillkeeper-virtual-terminal/5.0"];

test("a virtual terminal restarts into a release after the receipt, not before", async () => {
  await fleet().start(trusting());
  await server.hello();
  const day = await close();
  server.receipts = false;
  const { id, result } = await check();
  expect(result).toMatchObject({ current_version: "4.2.0", latest_version: "5.0", update_available: true });
  await until(() => server.resultsOf(id).length >= 2, "a repetition, as nobody has receipted it");
  expect(agents()).toEqual([old]);
  server.receipts = true;
  server.receipt(id);
  await until(() => agents().includes(updated), "the new version");
  expect(server.resultsOf(id).every(({ result: said }) => JSON.stringify(said) === JSON.stringify(result))).toBe(true);
  expect((await check()).result).toMatchObject({ current_version: "5.0", update_available: false });
  expect((await close()).start_of_day_at).toBe(day.last_end_of_day_at);
});

test("one whose power is lost before the receipt comes back with the release, and says the same result again", async () => {
  const before = fleet();
  await before.start(trusting());
  await server.hello();
  server.receipts = false;
  const { id } = await check();
  await before.stopAll();
  server.receipts = true;
  await fleet().start(trusting());
  await until(() => server.resultsOf(id).length >= 2, "the result again");
  expect(agents()).toEqual([old, updated]);
  expect((await check()).result).toMatchObject({ current_version: "5.0" });
  // No restart: the terminal already runs the installed version.
  expect(agents()).toEqual([old, updated]);
});

test("one with a file of an older version of this program goes on with it", async () => {
  const first = fleet();
  await first.start(trusting());
  await server.hello();
  await close();
  await first.stopAll();
  const path = join(folder, "terminals", `${terminalId}.json`);
  const stored = JSON.parse(await readFile(path, "utf8"));
  expect(Object.keys(stored.state).toSorted((a, b) => a.localeCompare(b))).toEqual([
    "batch_number",
    "last_close",
    "start_of_day_at",
  ]);
  await writeFile(path, JSON.stringify(stored));
  await fleet().start(trusting());
  await server.hello(2);
  expect((await check()).result).toMatchObject({ update_available: true });
});

test("one in memory restarts, too, and what it downloads is gone with it", async () => {
  await fleet({ inMemory: true }).start(trusting());
  await server.hello();
  await check();
  await until(() => agents().includes(updated), "the new version");
  expect((await check()).result).toMatchObject({ current_version: "5.0" });
});

test("one keeps what came of a download for the next time, beside its file and nowhere else", async () => {
  await fleet().start(trusting());
  await server.hello();
  let broken = false;
  updates.file = (request, response) => {
    if (broken) response.writeHead(404).end();
    else sendFile(request, response, content, 20_000);
    broken = true;
  };
  expect(await check()).toMatchObject({ status: "FAILED" });
  const downloads = join(folder, "terminals", `${terminalId}.downloads`);
  expect(await readdir(downloads)).toEqual([`${latest.sha256}.part`]);
  updates.file = (request, response) => sendFile(request, response, content);
  expect(await check()).toMatchObject({ status: "COMPLETED" });
  expect(updates.asked.at(-1)).toMatch(/^\/update\/file bytes=[1-9]\d*-$/);
  await until(() => agents().includes(updated), "the new version");
  // A write of the journal may be under way.
  await vi.waitFor(async () => expect(await readdir(join(folder, "terminals"))).toEqual([`${terminalId}.json`]));
});

test("one that trusts nobody installs nothing", async () => {
  await fleet().start(spec());
  await server.hello();
  const { id, status } = await check();
  expect(status).toBe("FAILED");
  expect(server.resultsOf(id)[0]).toMatchObject({ reason: "refused", error: { code: "unknown_release_key" } });
  expect((await close()).outcome).toBe("accepted");
  expect(agents()).toEqual([old]);
});
