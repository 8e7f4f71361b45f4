import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { HangingLink } from "@tillkeeper/stage/links/hanging-link";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openFileStore } from "../../src/files/open-store.ts";
import { removeOutdated } from "../../src/files/removal.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { type Bucket, bucket, startBucket } from "../support/bucket.ts";
import { askForLogs, putLog, uploadLog } from "../support/logs.ts";
import { announce, type Maker, newMaker, putFile } from "../support/releases.ts";

describe("a bucket that hangs", () => {
  const folder = folderOfTests("hanging");
  let s3: Bucket;
  let link: HangingLink;
  beforeAll(async () => {
    s3 = await startBucket(folder);
    link = await HangingLink.to(s3.port);
  });
  afterEach(() => link.heal());
  afterAll(async () => {
    await link.stop();
    await s3.stop();
  });

  const place = (filesTimeoutSeconds: number) => ({
    filesTimeoutSeconds,
    files: { kind: "s3" as const, bucket, prefix: "till/", endpoint: link.url, region: undefined },
  });
  const openStore = (patience: number) => openFileStore({ ...place(patience), dataDir: folder });

  async function* once(content: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(content);
  }

  describe("at a server with little patience", () => {
    let server: TestServer;
    let tenant: Tenant;
    let maker: Maker;
    let device: Device;
    beforeAll(async () => {
      server = await startTestServer({ config: place(3) });
      tenant = await server.account();
      maker = await newMaker(server, tenant);
      device = await activeDevice(server, tenant, "85000001");
    });
    afterAll(async () => {
      await device.leave();
      await server.stop();
    });

    const unavailable = { status: 503, body: { error: { code: "service_unavailable" } } };

    it("answers downloads and the file of a release with 503 instead of hanging, and works again afterwards", async () => {
      const content = Buffer.alloc(2_000_000, 7);
      const stored = await announce(server, tenant, maker, { content, version: "1" });
      expect((await putFile(server, tenant, stored, content)).status).toBe(200);
      const waiting = await announce(server, tenant, maker, { content, version: "2" });
      const path = `/v1/accounts/${tenant.aid}/releases/${stored}/file`;

      link.hang();
      const [download, upload] = await Promise.all([
        server.call("GET", path, tenant),
        putFile(server, tenant, waiting, content),
      ]);
      expect(download).toMatchObject(unavailable);
      expect(download.headers.get("retry-after")).toBe("2");
      expect(upload.status).toBe(503);

      // The store hangs in the middle of a file: the broken connection tells the reader.
      link.heal();
      link.hang(500_000);
      await expect(server.call("GET", path, tenant)).rejects.toThrow("terminated");

      link.heal();
      expect((await server.call<Buffer>("GET", path, tenant)).body.equals(content)).toBe(true);
      expect((await putFile(server, tenant, waiting, content)).status).toBe(200);
    });

    it("gives up an upload of a log with 503, and its row; the next try is taken", async () => {
      const command = await askForLogs(server, tenant, device);
      const log = gzipSync("one line\n");
      const states = async () =>
        (await server.db.sql.selectFrom("terminal_logs").select("state").orderBy("id").execute()).map(
          ({ state }) => state,
        );

      link.hang();
      expect(await putLog(command, log)).toMatchObject(unavailable);
      expect(await states()).toEqual(["removing"]);

      link.heal();
      expect((await putLog(command, log)).status).toBe(201);
      expect(await states()).toEqual(["removing", "stored"]);
    });
  });

  it("does not keep an older upload from ending when a newer one comes, nor the server from stopping", async () => {
    const server = await startTestServer({ config: place(600) });
    const tenant = await server.account();
    const device = await activeDevice(server, tenant, "85000002");
    const command = await askForLogs(server, tenant, device);
    link.hang();
    const hung = link.asked();
    const older = putLog(command, gzipSync("one\n"));
    await hung;
    const newer = putLog(command, gzipSync("two\n"));
    expect(await older).toMatchObject({ status: 409, body: { error: { code: "upload_replaced" } } });
    link.heal();
    // The bucket's own client tries again after a broken connection.
    expect((await newer).status).toBe(201);
    await device.leave();
    await server.stop();
  });

  it("holds up neither the worker that removes outdated logs nor the end of its server", async () => {
    const server = await startTestServer({ config: { ...place(600), logDays: 2 } });
    const tenant = await server.account();
    const device = await activeDevice(server, tenant, "85000003");
    await uploadLog(await askForLogs(server, tenant, device));
    await device.leave();
    server.clock.advance(3 * 86_400_000);
    link.hangOn("DELETE");
    const hung = link.asked();
    await server.restart();
    await hung;
    // The store hangs for ever: a server that waited for it would never stop.
    await expect(server.stop()).resolves.toBeUndefined();
  });

  it("has the removal of outdated files go on behind one that hangs", async () => {
    const store = await openStore(1);
    await store.put("a", once("a"));
    await store.put("b", once("b"));
    const removed: string[] = [];
    const log = createLogger("silent");
    vi.spyOn(log, "warn").mockImplementation(() => link.heal());
    link.hang();
    await removeOutdated<{ name: string }>(
      { files: store, log, signal: new AbortController().signal },
      {
        list: (after) => Promise.resolve(after ? [] : [{ name: "a" }, { name: "b" }]),
        nameOf: ({ name }) => name,
        removed: ({ name }) => {
          removed.push(name);
          return Promise.resolve();
        },
      },
    );
    expect(removed).toEqual(["b"]);
    expect(await store.get("b")).toBeUndefined();
    const kept = await store.get("a");
    expect(kept && (await buffer(kept)).toString()).toBe("a");
    store.close();
  });

  it("is given up as soon as the caller or the server's end says so", async () => {
    const store = await openStore(600);
    await store.put("c", once("c"));
    for (const ask of [
      (signal?: AbortSignal) => store.put("d", once("d"), signal),
      (signal?: AbortSignal) => store.get("c", undefined, signal),
      (signal?: AbortSignal) => store.remove("c", signal),
    ]) {
      const abort = new AbortController();
      link.hang();
      const hung = link.asked();
      const refused = ask(abort.signal).catch((error: unknown) => error);
      await hung;
      const reason = new Error("not any more");
      abort.abort(reason);
      expect(await refused).toBe(reason);
      link.heal();
    }
    link.hang();
    const hung = link.asked();
    const refused = store.get("c").catch((error: unknown) => error);
    await hung;
    store.close();
    expect(await refused).toMatchObject({ code: "service_unavailable" });
  });

  it("is one sentence at the start", async () => {
    link.hang();
    await expect(openStore(1)).rejects.toThrow(/The files cannot be kept in the bucket .*: check TILLKEEPER_FILES/);
  });
});
