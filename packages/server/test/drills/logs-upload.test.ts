import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { limits } from "@tillkeeper/contract/limits";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { world } from "@tillkeeper/stage/world";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerLogs, askForLogs, type LogCommand, putLog, sha256Of, uploadLog } from "../support/logs.ts";

/** Outcome of a request written by hand. */
interface Sent {
  status: number | undefined;
  body: { error?: { code: string } } | undefined;
}

describe("uploads of logs", async () => {
  const files = folderOfTests("log-files");
  const { server, tenant, device } = await world({
    own: { config: { files: { kind: "folder", path: files } } },
    device: "active",
  });
  let command: LogCommand;
  beforeEach(async () => {
    command = await askForLogs(server, tenant, device);
  });
  afterEach(async () => {
    const at = new Date().toISOString();
    const failed = { operation: "send_logs", status: "FAILED", finished_at: at, reason: "refused" };
    const receipts = device.received.filter(({ channel }) => channel === "receipt").length;
    await device.say("result", { operation_id: command.operation_id, ...failed });
    await device.next("receipt", receipts);
  });

  const rowsOf = async ({ operation_id: id }: LogCommand) =>
    (await server.db.sql.selectFrom("terminal_logs").selectAll().where("operation_id", "=", id).execute()).map(
      ({ state }) => state,
    );

  /** Every file below the folder, drafts included. */
  const kept = () =>
    readdirSync(files, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);

  /** Expects that nothing is left of an upload. */
  async function expectNothing(of: LogCommand, before: string[]) {
    await vi.waitUntil(async () => (await rowsOf(of)).length === 0, { interval: 10 });
    // One that hung up may have begun only now.
    await vi.waitFor(() => expect(kept()).toEqual(before), { interval: 10 });
  }

  /** Sends pieces, with the network's own pauses between them, then ends or hangs up. */
  function sendPieces(pieces: Uint8Array[], digest: string, then: "end" | "hang up", headers = {}): Promise<Sent> {
    return new Promise((resolve) => {
      const sent = request(command.transfer.url, {
        method: "PUT",
        agent: false,
        headers: {
          authorization: `Bearer ${command.transfer.token}`,
          "content-type": "application/gzip",
          "content-digest": `sha-256=:${digest}:`,
          ...headers,
        },
      });
      sent.once("response", (response) => {
        let text = "";
        response.on("data", (part) => (text += part));
        response.once("close", () =>
          resolve({ status: response.statusCode, body: text === "" ? undefined : JSON.parse(text) }),
        );
      });
      sent.once("error", () => resolve({ status: undefined, body: undefined }));
      void (async () => {
        for (const piece of pieces) await new Promise((written) => sent.write(piece, written));
        if (then === "end") sent.end();
        else sent.destroy();
      })();
    });
  }

  it("that are cut anywhere leave nothing behind, and the whole one is taken afterwards", {
    tags: "replicas",
  }, async () => {
    const before = kept();
    const whole = gzipSync(randomBytes(300_000).toString("base64"));
    const digest = sha256Of(whole, "base64");
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.constantFrom("end" as const, "hang up" as const),
        async (cut, then) => {
          const pieces = cut === 0 ? [] : [whole.subarray(0, cut)];
          const { status, body } = await sendPieces(pieces, digest, then);
          // The server may notice a broken upload only after the next has begun.
          const answer = `${status} ${body?.error?.code}`;
          if (then === "end") expect(answer).toMatch(/^(400 invalid_(log|digest)|409 upload_replaced)$/);
          await expectNothing(command, before);
        },
      ),
      { numRuns: 40 },
    );
    // As long as the header says, but incomplete: the connection ends first.
    await sendPieces([whole.subarray(0, 1000)], digest, "hang up", { "content-length": whole.length });
    await expectNothing(command, before);
    const parts = [whole.subarray(0, 1000), whole.subarray(1000)];
    await vi.waitUntil(async () => (await sendPieces(parts, digest, "end")).status === 201);
    // A broken upload before may not be cleaned up yet.
    await vi.waitFor(async () => expect(await rowsOf(command)).toEqual(["stored"]));
  });

  it("whose digest, type or form is wrong are refused by name, and nothing is kept", async () => {
    const before = kept();
    const whole = gzipSync("a log\n");
    const digest = (text: string) => ({ headers: { "content-digest": text } });
    const cases: [Uint8Array | string, Parameters<typeof putLog>[2], number, string][] = [
      [whole, digest(`sha-256=:${sha256Of("other", "base64")}:`), 400, "invalid_digest"],
      [whole, digest(""), 400, "invalid_digest"],
      [whole, digest(`sha-256=:${sha256Of(whole)}:`), 400, "invalid_digest"],
      [whole, digest(`sha-512=:${sha256Of(whole, "base64")}:`), 400, "invalid_digest"],
      [whole, digest(`xsha-256=:${sha256Of(whole, "base64")}:`), 400, "invalid_digest"],
      [Buffer.from("not gzip"), {}, 400, "invalid_log"],
      [new Uint8Array(), {}, 400, "invalid_log"],
      [Buffer.concat([whole, Buffer.from("rest")]), {}, 400, "invalid_log"],
      [whole.subarray(0, -4), {}, 400, "invalid_log"],
      [whole, { headers: { "content-type": "application/json" } }, 415, "unsupported_media_type"],
      [whole, { headers: { "content-type": "multipart/form-data" } }, 415, "unsupported_media_type"],
      [whole, { headers: { "content-encoding": "gzip" } }, 415, "unsupported_media_type"],
      [whole, { headers: { "content-type": "text/plain", "content-encoding": "br" } }, 415, "unsupported_media_type"],
      ["text", { headers: { "content-type": "text/plain", "content-encoding": "gzip" } }, 400, "invalid_log"],
    ];
    for (const [body, sending, status, code] of cases) {
      const answer = await putLog<{ error: object }>(command, body, sending);
      expect(answer).toMatchObject({ status, body: { error: { code } } });
    }
    await expectNothing(command, before);
  });

  // RFC 9110 section 8.4: text/plain with Content-Encoding gzip is what application/gzip is here.
  it("may be text that is gzipped on the way", async () => {
    const whole = gzipSync("a log of two words\n");
    const headers = { "content-type": "text/plain", "content-encoding": "gzip" };
    expect((await putLog(command, whole, { headers })).status).toBe(201);
    const { rows } = await server.db.pool.query("select unpacked_size from terminal_logs where operation_id = $1", [
      command.operation_id,
    ]);
    expect(Number(rows[0].unpacked_size)).toBe(19);
  });

  it("may name their digest beside others", async () => {
    const whole = gzipSync("a log\n");
    const others = `sha-512=:AAAA:, sha-256=:${sha256Of(whole, "base64")}:;x=1`;
    expect((await putLog(command, whole, { headers: { "content-digest": others } })).status).toBe(201);
  });

  it("that are too large, or unpack to too much, are refused on the way", async () => {
    const before = kept();
    const large = Buffer.alloc(limits.logUploadBytes + 1);
    const [digest, pieces] = [sha256Of(large, "base64"), [large.subarray(0, 1000)]];
    const named = await sendPieces(pieces, digest, "end", { "content-length": large.length });
    expect(named.status ?? 413).toBe(413);
    const chunks = Array.from({ length: 1025 }, (_, index) => large.subarray(index * 65_536, (index + 1) * 65_536));
    const streamed = await sendPieces(chunks, digest, "end", { "content-type": "text/plain" });
    expect(streamed).toMatchObject({ status: 413, body: { error: { code: "log_too_large" } } });
    // Each of its members alone is small enough.
    const half = gzipSync(Buffer.alloc(limits.logUnpackedBytes / 2 + 1));
    const bomb = Buffer.concat([half, half]);
    expect(bomb.length).toBeLessThan(1_000_000);
    expect(await putLog(command, bomb)).toMatchObject({ status: 413, body: { error: { code: "log_too_large" } } });
    await expectNothing(command, before);
  });

  it("answer the same twice, also at once, and refuse another log", { tags: "replicas" }, async () => {
    const whole = gzipSync(`${"a log ".repeat(50_000)}\n`);
    const first = await putLog(command, whole);
    expect(first.status).toBe(201);
    expect(await putLog(command, whole)).toMatchObject({ status: 201, body: first.body });
    const other = await putLog<object>(command, gzipSync("another log\n"));
    expect(other).toMatchObject({ status: 409, body: { error: { code: "log_exists" } } });
    expect(await rowsOf(command)).toEqual(["stored"]);
    // The answer was lost, and the operation has ended meanwhile.
    const { log_id, size, sha256 } = first.body;
    await answerLogs(device, command, { log_id, size, sha256 });
    await device.next("receipt");
    expect(await putLog(command, whole)).toMatchObject({ status: 201, body: first.body });
  });

  it("are one per operation: the newest that is whole wins, and the older ends", async () => {
    const before = kept();
    const slow = gzipSync(randomBytes(400_000));
    let hungUp = false;
    const older = new Promise<Sent>((resolve) => {
      const sent = request(command.transfer.url, {
        method: "PUT",
        agent: false,
        headers: {
          authorization: `Bearer ${command.transfer.token}`,
          "content-type": "application/gzip",
          "content-digest": `sha-256=:${sha256Of(slow, "base64")}:`,
          "content-length": slow.length,
        },
      });
      sent.once("error", () => resolve({ status: undefined, body: undefined }));
      sent.once("response", (response) => {
        let text = "";
        response.on("data", (part) => (text += part));
        response.once("end", () => {
          resolve({ status: response.statusCode, body: JSON.parse(text) });
          hungUp = true;
          sent.destroy();
        });
      });
      sent.write(slow.subarray(0, 100_000));
    });
    await vi.waitUntil(async () => (await rowsOf(command)).includes("receiving"), { interval: 5 });
    const newer = await putLog(command, gzipSync("the newer one\n"));
    expect(newer.status).toBe(201);
    expect(await older).toMatchObject({ status: 409, body: { error: { code: "upload_replaced" } } });
    expect(hungUp).toBe(true);
    await vi.waitUntil(async () => (await rowsOf(command)).length === 1, { interval: 5 });
    expect(kept()).toHaveLength(before.length + 1);
  });

  it("are open to the token of that very operation of that very terminal alone", async () => {
    const other = await server.account();
    const theirs = await activeDevice(server, other, "82000002");
    const foreign = await askForLogs(server, other, theirs);
    const whole = gzipSync("a log\n");
    const url = command.transfer.url;
    const at = (address: string, token: string) =>
      putLog<object>({ transfer: { ...command.transfer, url: address } }, whole, { token });
    // Another terminal's operation with this terminal's token, and the reverse.
    for (const answer of [
      await at(foreign.transfer.url, command.transfer.token),
      await at(url, foreign.transfer.token),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "operation_not_found" } } });
    }
    for (const token of [tenant.token, "", "x.y.z", `${command.transfer.token}x`]) {
      expect((await at(url, token)).status).toBe(401);
    }
    // The token of a transfer does not open the API.
    const list = await server.call("GET", "/v1/admin/terminals/operations", { token: command.transfer.token });
    expect(list.status).toBe(401);
    expect(await rowsOf(command)).toEqual([]);
    await uploadLog(foreign);
    await theirs.leave();
  });

  it("are not open to the token of another kind of operation", async () => {
    const theirs = await activeDevice(server, tenant, "82000003");
    const { body } = await server.call("POST", "/v1/admin/terminals/operations", {
      ...tenant,
      body: { terminal_id: theirs.terminalId, operation: "check_update" },
    });
    const { transfer } = (await theirs.next("command")) as unknown as LogCommand;
    expect(transfer.url).toMatch(new RegExp(`^http://127.0.0.1:\\d+/v1/device/operations/${body.id}/update$`));
    const url = transfer.url.replace(/update$/, "logs");
    const answer = await putLog<object>({ transfer: { ...transfer, url } }, gzipSync("x"));
    expect(answer).toMatchObject({ status: 404, body: { error: { code: "operation_not_found" } } });
    await theirs.leave();
  });

  it("are taken shortly after the deadline, too, and then no more", { tags: "replicas" }, async () => {
    const late = await activeDevice(server, tenant, "82000004");
    const first = await askForLogs(server, tenant, late, 30);
    server.clock.advance(60_000);
    expect((await putLog(first, gzipSync("late\n"))).status).toBe(201);
    await vi.waitUntil(
      async () => {
        const { body } = await server.call("GET", `/v1/admin/terminals/operations/${first.operation_id}`, tenant);
        return body.status === "TIMEOUT";
      },
      { timeout: 10_000, interval: 20 },
    );
    const second = await askForLogs(server, tenant, late, 30);
    server.clock.advance(91_000);
    expect(await putLog<object>(second, gzipSync("too late\n"))).toMatchObject({
      status: 401,
      body: { error: { code: "invalid_token" } },
    });
    await late.leave();
  });
});
