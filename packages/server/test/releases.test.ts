import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "@tillkeeper/contract/limits";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { addRelease, announce, announcement, newKeyPair, newMaker, putFile } from "./support/releases.ts";

const dayMs = 86_400_000;

describe("releases", async () => {
  const files = folderOfTests("releases");
  const { server, tenant } = await world({
    own: { config: { files: { kind: "folder", path: files } } },
  });
  const releases = (of = tenant) => `/v1/accounts/${of.aid}/releases`;
  const keys = (of = tenant) => `/v1/accounts/${of.aid}/release-keys`;
  const stranger = await server.account("T81000002");

  const get = async (id: string) => (await server.call("GET", `${releases()}/${id}`, tenant)).body;

  it("are announced, get their file, are offered, listed, fetched and withdrawn", async () => {
    const maker = await newMaker(server, tenant);
    const content = randomBytes(300_000);
    const body = { ...announcement(maker, { version: "1.0", content }), notes: "First" };
    const draft = await server.call("POST", releases(), { ...tenant, body });
    expect(draft.status).toBe(201);
    expect(draft.body).toMatchObject({ ...body, status: "draft", offered: false, created_by: tenant.clientId });
    const { id } = draft.body;
    const noFile = await server.call("GET", `${releases()}/${id}/file`, tenant);
    expect(noFile).toMatchObject({ status: 404, body: { error: { code: "release_file_not_found" } } });

    expect(await putFile(server, tenant, id, content)).toMatchObject({
      status: 200,
      body: { id, status: "available", offered: true },
    });
    expect(await get(id)).toMatchObject({ status: "available", offered: true });
    const again = await putFile(server, tenant, id, content);
    expect(again).toMatchObject({ status: 409, body: { error: { code: "release_not_draft" } } });
    const file = await fetch(`${server.url}${releases()}/${id}/file`, {
      headers: { authorization: `Bearer ${tenant.token}` },
    });
    expect(file.status).toBe(200);
    expect(Buffer.from(await file.arrayBuffer()).equals(content)).toBe(true);

    const withdrawn = await server.call("DELETE", `${releases()}/${id}`, tenant);
    expect(withdrawn).toMatchObject({ status: 200, body: { id, status: "withdrawn", offered: false } });
    expect(await server.call("DELETE", `${releases()}/${id}`, tenant)).toMatchObject({
      status: 200,
      body: withdrawn.body,
    });
    const { body: log } = await server.call("GET", `/v1/accounts/${tenant.aid}/audit?subject_id=${id}`, tenant);
    expect(log.entries.map((entry: { action: string }) => entry.action)).toEqual([
      "release.withdraw",
      "release.file",
      "release.create",
    ]);
  });

  it("are listed newest first, by model and status, page by page", async () => {
    const maker = await newMaker(server, tenant);
    const ids: string[] = [];
    for (const version of ["1", "2", "3"]) {
      ids.unshift(await announce(server, tenant, maker, { device_model: "LISTED", version }));
    }
    const list = async (query: string) => {
      const { body } = await server.call("GET", `${releases()}?device_model=LISTED&${query}`, tenant);
      return { ids: body.releases.map((release: { id: string }) => release.id), next: body.starting_after };
    };
    const first = await list("limit=2");
    expect(first).toEqual({ ids: ids.slice(0, 2), next: ids[1] });
    expect(await list(`limit=2&starting_after=${first.next}`)).toEqual({ ids: ids.slice(2), next: undefined });
    expect(await list("status=available")).toEqual({ ids: [], next: undefined });
    expect((await list("status=draft")).ids).toEqual(ids);
  });

  it("exist once per model and version; one that was never available frees its version", async () => {
    const maker = await newMaker(server, tenant);
    const body = () => announcement(maker, { version: "9.1" });
    const first = await server.call("POST", releases(), { ...tenant, body: body() });
    expect(first.status).toBe(201);
    const second = await server.call("POST", releases(), { ...tenant, body: body() });
    expect(second).toMatchObject({ status: 409, body: { error: { code: "release_exists" } } });
    const other = await server.call("POST", releases(), {
      ...tenant,
      body: announcement(maker, { version: "9.1", device_model: "S1P2" }),
    });
    expect(other.status).toBe(201);
    await server.call("DELETE", `${releases()}/${first.body.id}`, tenant);
    const { id } = await addRelease(server, tenant, maker, { version: "9.1" });
    await server.call("DELETE", `${releases()}/${id}`, tenant);
    const taken = await server.call("POST", releases(), { ...tenant, body: body() });
    expect(taken).toMatchObject({ status: 409, body: { error: { code: "release_exists" } } });
  });

  it("two files sent at once make one release available", { tags: "replicas" }, async () => {
    const maker = await newMaker(server, tenant);
    const content = randomBytes(200_000);
    const id = await announce(server, tenant, maker, { version: "9.2", content });
    const answers = await Promise.all([1, 2, 3].map(() => putFile(server, tenant, id, content)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(await get(id)).toMatchObject({ status: "available" });
  });

  describe("keep nothing of a file that is not the announced one", () => {
    const content = randomBytes(150_000);
    let id: string;
    beforeAll(async () => {
      id = await announce(server, tenant, await newMaker(server, tenant), { version: "9.3", content });
    });
    const stream = (chunks: Buffer[]) =>
      new ReadableStream({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk);
          controller.close();
        },
      });
    const other = Buffer.from(content);
    other.writeUInt8(other.readUInt8(7) ^ 1, 7);

    it.each([
      ["shorter, and says so", content.subarray(1)],
      ["longer, and says so", Buffer.concat([content, Buffer.of(0)])],
      ["shorter", stream([content.subarray(1)])],
      ["longer", stream([content, Buffer.of(0)])],
      ["far longer", stream(Array.from({ length: 40 }, () => randomBytes(65_536)))],
      ["another of the same size", other],
      ["empty", Buffer.alloc(0)],
    ])("%s", async (_, wrong) => {
      const answer = await putFile(server, tenant, id, wrong);
      expect(answer).toMatchObject({ status: 422, body: { error: { code: "file_mismatch" } } });
      expect(await get(id)).toMatchObject({ status: "draft" });
    });

    it("in another form than as it is", async () => {
      const answer = await putFile(server, tenant, id, content, { "content-type": "application/json" });
      expect(answer).toMatchObject({ status: 415, body: { error: { code: "unsupported_media_type" } } });
    });

    it("broken off half-way", async () => {
      const controller = new AbortController();
      const half = new ReadableStream({
        start: (into) => into.enqueue(content.subarray(0, 1_000)),
        pull: () => controller.abort(),
      });
      const broken = fetch(`${server.url}${releases()}/${id}/file`, {
        method: "PUT",
        headers: { authorization: `Bearer ${tenant.token}`, "content-type": "application/octet-stream" },
        body: half,
        duplex: "half",
        signal: controller.signal,
      });
      await expect(broken).rejects.toThrow();
      expect(await get(id)).toMatchObject({ status: "draft" });
      expect(await putFile(server, tenant, id, content)).toMatchObject({ status: 200 });
    });
  });

  it("give the part of a file that Range asks for", async () => {
    const maker = await newMaker(server, tenant);
    const { id, content } = await addRelease(server, tenant, maker, { version: "9.4" });
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(`${server.url}${releases()}/${id}/file`, {
        headers: { authorization: `Bearer ${tenant.token}`, ...headers },
      });
      return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const part = await ask({ range: "bytes=900-" });
    expect(part.status).toBe(206);
    expect(part.bytes.equals(content.subarray(900))).toBe(true);
    expect(part.headers.get("content-range")).toBe("bytes 900-999/1000");
    expect(part.headers.get("content-length")).toBe("100");
    expect(part.headers.get("content-digest")).toBeNull();
    const etag = part.headers.get("etag") as string;
    const whole = await ask({ range: "bytes=900-", "if-range": '"another"' });
    expect(whole.status).toBe(200);
    expect(whole.bytes.equals(content)).toBe(true);
    expect(whole.headers.get("content-digest")).toBe(part.headers.get("repr-digest"));
    expect((await ask({ range: "bytes=1-1", "if-range": etag })).bytes.equals(content.subarray(1, 2))).toBe(true);
    // RFC 9110 section 13.2.2: If-None-Match counts before Range.
    const known = await ask({ range: "bytes=900-", "if-none-match": `"another", W/${etag}` });
    expect([known.status, known.bytes.length, known.headers.get("etag")]).toEqual([304, 0, etag]);
    expect((await ask({ range: "bytes=900-", "if-none-match": '"another"' })).status).toBe(206);
    const beyond = await ask({ range: "bytes=1000-" });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe("bytes */1000");
  });

  describe("are refused", () => {
    it("without a signature of a live key of the account over exactly this release", async () => {
      const maker = await newMaker(server, tenant);
      const foreign = await newMaker(server, stranger);
      const good = announcement(maker, { version: "9.5" });
      const wrong = [
        { ...good, version: "9.6" },
        { ...good, device_model: "S1P2" },
        { ...good, size: good.size + 1 },
        { ...good, sha256: "0".repeat(64) },
        { ...good, signature: announcement({ ...maker, ...newKeyPair() }, {}).signature },
        { ...good, key_id: "A".repeat(43) },
        announcement(foreign, { version: "9.5" }),
      ];
      for (const body of wrong) {
        const answer = await server.call("POST", releases(), { ...tenant, body });
        expect(answer).toMatchObject({ status: 422, body: { error: { code: "invalid_signature" } } });
      }
      await server.call("DELETE", `${keys()}/${maker.keyId}`, tenant);
      const late = await server.call("POST", releases(), { ...tenant, body: good });
      expect(late).toMatchObject({ status: 422, body: { error: { errors: [{ path: "/body/key_id" }] } } });
    });

    it.each([
      ["version", "1.0\n"],
      ["version", ""],
      ["version", "x".repeat(65)],
      ["device_model", "a/b"],
      ["size", 0],
      ["size", limits.releaseFileBytes + 1],
      ["size", 1.5],
      ["sha256", "A".repeat(64)],
      ["signature", "x"],
      ["notes", "x".repeat(4_001)],
    ])("with the %s %j", async (field, value) => {
      const body = { ...announcement(await newMaker(server, tenant), { version: "9.9" }), [field]: value };
      const answer = await server.call("POST", releases(), { ...tenant, body });
      expect(answer).toMatchObject({ status: 400, body: { error: { errors: [{ path: `/body/${field}` }] } } });
    });
  });

  it("and keys of others look as if they did not exist", async () => {
    const maker = await newMaker(server, tenant);
    const { id, content } = await addRelease(server, tenant, maker, { version: "9.7" });
    for (const [method, path] of [
      ["GET", `${releases(stranger)}/${id}`],
      ["GET", `${releases(stranger)}/${id}/file`],
      ["DELETE", `${releases(stranger)}/${id}`],
      ["DELETE", `${keys(stranger)}/${maker.keyId}`],
    ] as const) {
      expect(await server.call(method, path, stranger), path).toMatchObject({ status: 404 });
    }
    expect(await putFile(server, stranger, id, content)).toMatchObject({
      status: 404,
      body: { error: { code: "release_not_found" } },
    });
    expect((await server.call("GET", releases(stranger), stranger)).body.releases).toEqual([]);
    expect(await get(id)).toMatchObject({ status: "available" });
  });

  it("need a scope that writes", async () => {
    const reader = await server.account(tenant.aid, { clientId: "reader", scopes: ["read:accounts"] });
    expect((await server.call("GET", releases(), reader)).status).toBe(200);
    const body = { name: "x", public_key: newKeyPair().publicKey };
    expect((await server.call("POST", keys(), { ...reader, body })).status).toBe(403);
  });

  it("lose their file a month after they were withdrawn, and not before", { tags: "replicas" }, async () => {
    const maker = await newMaker(server, tenant);
    const kept = await addRelease(server, tenant, maker, { device_model: "OLD", version: "2" });
    const stuck = await addRelease(server, tenant, maker, { device_model: "OLD", version: "0" });
    const { id } = await addRelease(server, tenant, maker, { device_model: "OLD", version: "1" });
    for (const old of [stuck.id, id]) await server.call("DELETE", `${releases()}/${old}`, tenant);
    const folder = join(files, "releases", tenant.aid.toLowerCase());
    const names = async () => await readdir(folder);
    // A file that cannot be removed, here because it is a folder, does not hold up the files behind it.
    await rm(join(folder, stuck.id));
    await mkdir(join(folder, stuck.id));
    // A server checks at its start.
    await server.restart(() => server.clock.advance(29 * dayMs));
    expect(await names()).toContain(id);
    await server.restart(() => server.clock.advance(2 * dayMs));
    await vi.waitUntil(async () => !(await names()).includes(id));
    expect(await names()).toEqual(expect.arrayContaining([kept.id, stuck.id]));
    Object.assign(tenant, await server.account(tenant.aid, { clientId: "later" }));
    expect(await get(id)).toMatchObject({ status: "withdrawn", version: "1" });
    const file = await server.call("GET", `${releases()}/${id}/file`, tenant);
    expect(file).toMatchObject({ status: 404, body: { error: { code: "release_file_not_found" } } });
  });

  it("leave no half file behind", async () => {
    expect(await readdir(files)).toContain("releases");
    expect(await readdir(join(files, ".drafts"))).toEqual([]);
  });
});
