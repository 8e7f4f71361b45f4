import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OfferedRelease } from "@tillkeeper/contract/http/device-updates";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkUpdate, type UpdatesOptions, type Versions } from "../src/files/updates.ts";
import type { HandlerContext, Operation } from "../src/operations/operation.ts";
import { offer, onceThen, releaseMaker, sendFile, token, UpdateServer } from "./support/update-server.ts";

const maker = releaseMaker();
const content = randomBytes(300_000);
const signed = offer(maker, content);

let folder: string;
let installed: { version: string; bytes: Buffer }[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tillkeeper-updates-"));
  installed = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const startOffering = (latest: OfferedRelease | null = signed, bytes = content) =>
  UpdateServer.start({ latest, update_available: latest !== null }, bytes);

function command(url: string | undefined, windowMs = 60_000): Operation {
  const now = Date.now();
  const [created_at, expires_at] = [new Date(now).toISOString(), new Date(now + windowMs).toISOString()];
  const transfer = url === undefined ? {} : { transfer: { url: `${url}/update`, token, expires_at } };
  return {
    operation_id: randomUUID(),
    operation: "check_update",
    parameters: {},
    created_at,
    expires_at,
    ...transfer,
  };
}

interface Run extends Partial<UpdatesOptions<Versions>> {
  state?: Versions;
  windowMs?: number;
  cancelled?: AbortSignal;
}

function run(server: UpdateServer | undefined, { state, windowMs, cancelled, ...options }: Run = {}) {
  const context: HandlerContext<Versions> = {
    signal: new AbortController().signal,
    cancelled: cancelled ?? new AbortController().signal,
    state: state ?? { software_version: "1.0" },
    serverNow: () => Date.now(),
  };
  const handler = checkUpdate<Versions>({
    trustedKeys: () => [releaseMaker().publicKey, maker.publicKey],
    deviceModel: "M1",
    running: (known) => known,
    folder,
    install: async ({ version }, path) => void installed.push({ version, bytes: await readFile(path) }),
    remember: (known, changed) => ({ ...known, ...changed }),
    ...options,
  });
  return handler.run(command(server?.url, windowMs), context);
}

const part = (release = signed) => join(folder, `${release.sha256}.part`);

describe("an update", () => {
  test("is fetched, verified, installed and remembered", async () => {
    const server = await startOffering();
    const outcome = await run(server, { state: { software_version: "1.0", configuration_version: "3" } });
    expect(outcome).toEqual({
      status: "COMPLETED",
      result: { current_version: "1.0", latest_version: "2.0", update_available: true, configuration_version: "3" },
      state: { software_version: "2.0", configuration_version: "3" },
    });
    expect(installed.map(({ version }) => version)).toEqual(["2.0"]);
    expect(installed[0]?.bytes.equals(content)).toBe(true);
    expect(server.asked).toEqual(["/update?software_version=1.0&configuration_version=3", "/update/file"]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("is none where the server has none, and where it says nothing of files", async () => {
    const nothing = {
      status: "COMPLETED",
      result: { current_version: "1.0", latest_version: "1.0", update_available: false, configuration_version: "0" },
      state: { software_version: "1.0" },
    };
    expect(await run(await startOffering(null))).toEqual(nothing);
    expect(await run(undefined)).toEqual(nothing);
  });

  test("is not fetched when it is not newer, whatever the server says", async () => {
    const server = await startOffering();
    for (const software_version of ["2.0", "2.0.1", "10"]) {
      expect(await run(server, { state: { software_version } })).toMatchObject({
        status: "COMPLETED",
        result: { current_version: software_version, update_available: false },
      });
    }
    expect(server.asked.filter((url) => url.startsWith("/update/file"))).toEqual([]);
    expect(installed).toEqual([]);
  });

  test("brings the configuration along; one that cannot be taken on fails it", async () => {
    const configuration = { version: "7", content: { brightness: 80 }, up_to_date: false };
    const server = await UpdateServer.start({ configuration });
    const taken: object[] = [];
    const outcome = await run(server, { configure: async (each) => void taken.push(each.content) });
    expect(outcome).toMatchObject({
      result: { configuration_version: "7" },
      state: { software_version: "1.0", configuration_version: "7" },
    });
    expect(taken).toEqual([{ brightness: 80 }]);
    await expect(run(server, { configure: () => Promise.reject(new Error("no display")) })).rejects.toThrow(
      "no display",
    );
  });
});

describe("is refused, and nothing is installed or remembered, when", () => {
  test.each<[string, OfferedRelease, string]>([
    ["its key is not trusted", offer(releaseMaker(), content), "unknown_release_key"],
    [
      "another key has signed it than it names",
      { ...offer(releaseMaker(), content), key_id: signed.key_id },
      "bad_signature",
    ],
    ["its version is not the signed one", { ...signed, version: "3.0" }, "bad_signature"],
    ["its size is not the signed one", { ...signed, size: signed.size - 1 }, "bad_signature"],
    ["its checksum is not the signed one", { ...signed, sha256: "0".repeat(64) }, "bad_signature"],
    ["it is for another model", offer(maker, content, { device_model: "M2" }), "bad_signature"],
  ])("%s: not a byte of it is fetched", async (_, latest, code) => {
    const server = await startOffering(latest);
    expect(await run(server)).toEqual({
      status: "FAILED",
      reason: "refused",
      error: { code, message: expect.any(String) },
    });
    expect(server.asked).toHaveLength(1);
    expect(installed).toEqual([]);
  });

  const other = Buffer.from(content);
  other.writeUInt8(other.readUInt8(9) ^ 1, 9);
  test.each([
    ["the file is another one", other],
    ["the file is longer", Buffer.concat([content, Buffer.alloc(100_000)])],
  ])("%s", async (_, bytes) => {
    const server = await startOffering(signed, bytes);
    expect(await run(server)).toMatchObject({ reason: "refused", error: { code: "bad_checksum" } });
    expect(installed).toEqual([]);
    expect(existsSync(part())).toBe(false);
  });
});

describe("a download that breaks off", () => {
  test("goes on where it was, as often as it takes", async () => {
    const server = await startOffering();
    let breaks = 3;
    server.file = (request, response) => {
      breaks -= 1;
      sendFile(request, response, content, breaks >= 0 ? (3 - breaks) * 70_000 : undefined);
    };
    expect(await run(server)).toMatchObject({ status: "COMPLETED" });
    expect(installed[0]?.bytes.equals(content)).toBe(true);
    const ranges = server.asked.slice(2).map((asked) => Number(/bytes=(\d+)-$/.exec(asked)?.[1]));
    expect(ranges.every((from, index) => from > (ranges[index - 1] ?? 0))).toBe(true);
    expect(ranges).toHaveLength(3);
  });

  test("goes on under the next operation, and after a restart", async () => {
    const server = await startOffering();
    server.file = (request, response) => sendFile(request, response, content, 100_000);
    server.file = onceThen(server.file, (_, response) => void response.writeHead(404).end());
    expect(await run(server)).toMatchObject({ reason: "host_unreachable", error: { code: "update_unreachable" } });
    // A connection that breaks off loses what is on its way.
    const kept = (await readFile(part())).length;
    expect(kept).toBeGreaterThan(0);
    server.file = (request, response) => sendFile(request, response, content);
    expect(await run(server)).toMatchObject({ status: "COMPLETED" });
    expect(server.asked.at(-1)).toBe(`/update/file bytes=${kept}-`);
    expect(installed[0]?.bytes.equals(content)).toBe(true);
  });

  test("begins anew where what lay there was at fault, and where the server knows no parts", async () => {
    const server = await startOffering();
    await writeFile(part(), Buffer.alloc(200_000));
    expect(await run(server)).toMatchObject({ status: "COMPLETED" });
    expect(server.asked.slice(1)).toEqual(["/update/file bytes=200000-", "/update/file"]);
    await writeFile(part(), content.subarray(0, 5));
    server.file = (_, response) => void response.end(content);
    expect(await run(server)).toMatchObject({ status: "COMPLETED" });
    await writeFile(part(), Buffer.alloc(content.length + 1));
    expect(await run(server)).toMatchObject({ status: "COMPLETED" });
    expect(installed.every(({ bytes }) => bytes.equals(content))).toBe(true);
  });

  test("goes on when its connection goes silent, before its answer and in the middle of it", async () => {
    const server = await startOffering();
    const silent = () => undefined;
    server.manifest = onceThen<Parameters<typeof server.manifest>>(silent, server.manifest);
    const send = server.file;
    server.file = onceThen<Parameters<typeof server.file>>(silent, (request, response) => {
      server.file = send;
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 70_000));
    });
    expect(await run(server, { stallMs: 500 })).toMatchObject({ status: "COMPLETED" });
    expect(installed[0]?.bytes.equals(content)).toBe(true);
    // A busy machine may take longer than that for any of them.
    const askedFor = (form: RegExp) => server.asked.filter((asked) => form.test(asked)).length;
    expect(askedFor(/^\/update\?/)).toBeGreaterThanOrEqual(2);
    expect(askedFor(/^\/update\/file$/)).toBeGreaterThanOrEqual(2);
    expect(askedFor(/^\/update\/file bytes=[1-9]/)).toBeGreaterThanOrEqual(1);
  });

  test("whose release is not wanted any more is forgotten; nothing else in the folder is", async () => {
    const server = await startOffering();
    await writeFile(join(folder, `${"a".repeat(64)}.part`), "x");
    await writeFile(join(folder, "notes.txt"), "x");
    await run(server);
    expect(await readdir(folder)).toEqual(["notes.txt"]);
  });

  test("is given up in time for the answer, and what came is kept", async () => {
    const server = await startOffering();
    server.file = (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 1_000));
    };
    expect(await run(server, { windowMs: 1_000 })).toMatchObject({
      reason: "host_unreachable",
      error: { code: "update_unreachable", message: expect.stringContaining("in time") },
    });
    expect((await readFile(part())).length).toBe(1_000);
  });

  test("by a cancellation rejects with its reason, as the agent wants it", async () => {
    const server = await startOffering();
    const cancelling = new AbortController();
    const reason = new Error("cancelled");
    server.file = (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 1_000), () => cancelling.abort(reason));
    };
    await expect(run(server, { cancelled: cancelling.signal })).rejects.toBe(reason);
    expect(installed).toEqual([]);
  });
});

describe("a server", () => {
  test("that is away, or refuses, is host_unreachable", async () => {
    const away = await UpdateServer.start({});
    away.url = "http://127.0.0.1:1";
    expect(await run(away, { windowMs: 1_000 })).toMatchObject({
      reason: "host_unreachable",
      error: { code: "update_unreachable", message: expect.stringMatching(/in time.*At the last try: .*reached/s) },
    });
    const refusing = await UpdateServer.start({});
    for (const status of [401, 404, 302]) {
      refusing.manifest = (_, response) => void response.writeHead(status, { location: "/elsewhere" }).end();
      expect(await run(refusing, { windowMs: 5_000 })).toMatchObject({ reason: "host_unreachable" });
    }
    refusing.manifest = (_, response) => void response.writeHead(500).end();
    expect(await run(refusing, { windowMs: 1_000 })).toMatchObject({
      reason: "host_unreachable",
      error: { message: expect.stringContaining("500") },
    });
    expect(refusing.asked.every((url) => url.startsWith("/update?"))).toBe(true);
  });

  test.each([
    ["what is no JSON", "<html>"],
    ["another shape", '{"latest":{}}'],
    ["too much", "x".repeat(300_000)],
    [
      "a file on another server",
      JSON.stringify({
        device_model: "M1",
        latest: { ...signed, url: "http://127.0.0.2/update/file" },
        update_available: true,
        configuration: null,
      }),
    ],
  ])("that answers with %s is not believed", async (_, text) => {
    const server = await UpdateServer.start({});
    server.manifest = (_request, response) => void response.end(text);
    expect(await run(server)).toMatchObject({ reason: "device_error", error: { code: "bad_manifest" } });
  });

  test("is asked again when it stumbles, while there is time", async () => {
    const server = await startOffering();
    server.file = onceThen((_, response) => void response.writeHead(503).end(), server.file);
    server.manifest = onceThen((_, response) => void response.writeHead(503).end(), server.manifest);
    expect(await run(server)).toMatchObject({ status: "COMPLETED" });
    server.file = (_, response) => void response.writeHead(503).end();
    expect(await run(server, { windowMs: 1_000 })).toMatchObject({ reason: "host_unreachable" });
  });
});

test("room is asked for before anything is fetched, and what lay there is removed", async () => {
  const server = await startOffering(offer(maker, content, { size: 2 ** 50 }));
  await writeFile(part(), content.subarray(0, 1_000));
  expect(await run(server)).toEqual({
    status: "FAILED",
    reason: "storage_failed",
    error: { code: "storage_failed", message: expect.stringMatching(/needs \d+ bytes of room, and the disk has \d+/) },
  });
  expect(server.asked).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});

test("a disk that takes nothing is told by name", async () => {
  const server = await startOffering();
  const inTheWay = join(folder, "file");
  await mkdir(folder, { recursive: true });
  await writeFile(inTheWay, "");
  expect(await run(server, { folder: inTheWay })).toMatchObject({
    reason: "storage_failed",
    error: { code: "storage_failed" },
  });
});
