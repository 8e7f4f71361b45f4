import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FileStore } from "../src/files/file-store.ts";
import { openFileStore } from "../src/files/open-store.ts";
import { StartupError } from "../src/platform/startup-error.ts";
import { type Bucket, bucket, startBucket } from "./support/bucket.ts";
import { askForLogs, uploadLog } from "./support/logs.ts";

describe("files", () => {
  const folder = folderOfTests("files");
  let s3: Bucket;
  let endpoint: string;
  let client: S3Client;
  beforeAll(async () => {
    s3 = await startBucket(join(folder, "s3"));
    endpoint = `http://127.0.0.1:${s3.port}`;
    client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true });
  });
  afterAll(async () => {
    client.destroy();
    await s3.stop();
  });

  const place = (change: object = {}) => ({
    dataDir: folder,
    files: { kind: "s3" as const, bucket, prefix: "till/", endpoint, region: undefined, ...change },
  });

  async function keysInBucket() {
    const objects = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return (objects.Contents ?? []).map(({ Key }) => Key);
  }

  async function* pieces(count: number, failing?: Error): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < count; piece += 1) yield Buffer.alloc(1_000_000, piece + 1);
    if (failing) throw failing;
  }

  async function readAll(store: FileStore, name: string): Promise<Buffer | undefined> {
    const content = await store.get(name);
    return content && buffer(content);
  }

  for (const [kind, open] of [
    ["a folder", () => openFileStore({ dataDir: folder })],
    ["a bucket", () => openFileStore(place())],
  ] as const) {
    it(`in ${kind} are kept whole, replaced and removed`, async () => {
      const store = await open();
      for (const count of [0, 1, 13]) {
        expect(await store.put("logs/a/one.gz", pieces(count))).toEqual({ bytes: count * 1_000_000 });
        const content = await readAll(store, "logs/a/one.gz");
        expect(content?.length).toBe(count * 1_000_000);
        expect(content?.at(-1)).toBe(count === 0 ? undefined : count);
      }
      await store.remove("logs/a/one.gz");
      await store.remove("logs/a/one.gz");
      expect(await store.get("logs/a/one.gz")).toBeUndefined();
      store.close();
    });

    it(`in ${kind} are not there at all when their source fails`, async () => {
      const store = await open();
      for (const count of [0, 1, 13]) {
        const failure = new Error("the link broke");
        await expect(store.put("logs/a/half.gz", pieces(count, failure))).rejects.toBe(failure);
        expect(await store.get("logs/a/half.gz")).toBeUndefined();
      }
      expect(readdirSync(join(folder, "files", ".drafts"))).toEqual([]);
      expect(await keysInBucket()).toEqual([]);
      store.close();
    });

    it(`in ${kind} have names that lead nowhere else`, async () => {
      const store = await open();
      for (const name of ["../up", "/etc/passwd", "a//b", "A", "", "a/../b", ".drafts/x", "a\0b"]) {
        await expect(store.put(name, pieces(1)), name).rejects.toThrow("not a name");
      }
      store.close();
    });
  }

  it("in a bucket drop their parts when their source fails half-way", async () => {
    const store = await openFileStore(place());
    const asked: string[] = [];
    const note = ({ method, url }: IncomingMessage) => asked.push(`${method} ${url}`);
    s3.httpServer.on("request", note);
    await expect(store.put("logs/parts.gz", pieces(13, new Error("the link broke")))).rejects.toThrow("the link broke");
    s3.httpServer.off("request", note);
    // s3rver cannot drop parts, but its log shows that the command was sent, and for which upload.
    const [, uploadId] = /^PUT .*uploadId=([^&]+)/.exec(asked.find((line) => line.startsWith("PUT")) ?? "") ?? [];
    expect(uploadId).toBeDefined();
    expect(asked.at(-1)).toMatch(new RegExp(`^DELETE /${bucket}/till/logs/parts.gz\\?.*uploadId=${uploadId}`));
    store.close();
  });

  it("in a bucket hold the log that a terminal sends, and give it back", async () => {
    const server = await startTestServer({ config: { files: place().files } });
    const tenant = await server.account();
    const device = await activeDevice(server, tenant, "84000001");
    const result = await uploadLog(await askForLogs(server, tenant, device), "4111111111111111\n");
    const ofAccount = `till/logs/${tenant.aid.toLowerCase()}/`;
    const logs = (await keysInBucket()).filter((key) => key?.startsWith(ofAccount));
    expect(logs).toEqual([`${ofAccount}${result.log_id}.gz`]);
    const path = `/v1/admin/terminals/${device.terminalId}/logs/${result.log_id}/content`;
    const file = await server.call<Buffer>("GET", path, tenant);
    expect(gunzipSync(file.body).toString()).toBe("411111******1111\n");
    await device.leave();
    await server.stop();
  });

  it("in a folder are readable by this user only", async () => {
    const store = await openFileStore({ dataDir: folder });
    await store.put("private/log.gz", pieces(1));
    expect(statSync(join(folder, "files/private/log.gz")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "files/private")).mode & 0o777).toBe(0o700);
  });

  it("that crashes have left half are cleared at the start; in a shared folder only what is old", async () => {
    const drafts = [join(folder, "files/.drafts"), join(folder, "shared/.drafts")];
    for (const path of drafts) {
      await mkdir(path, { recursive: true });
      writeFileSync(join(path, "old"), "half");
      utimesSync(join(path, "old"), 0, 0);
      writeFileSync(join(path, "fresh"), "half");
    }
    await openFileStore({ dataDir: folder });
    await openFileStore({ dataDir: folder, files: { kind: "folder", path: join(folder, "shared") } });
    expect(drafts.map((path) => readdirSync(path))).toEqual([[], ["fresh"]]);
  });

  it("cannot be in a bucket that cannot be reached: one sentence at the start", async () => {
    const cases = [{ bucket: "no-such-bucket" }, { endpoint: "http://127.0.0.1:1" }];
    for (const change of cases) {
      const failure = await openFileStore(place(change)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StartupError);
      expect(String(failure)).toMatch(/The files cannot be kept in the bucket .*: check TILLKEEPER_FILES/);
    }
  });
});
