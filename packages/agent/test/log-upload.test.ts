import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { uploadLog } from "../src/files/log-upload.ts";
import type { Operation } from "../src/operations/operation.ts";
import { command } from "./support/commands.ts";
import { takeLogs } from "./support/log-taker.ts";

const never = new AbortController().signal;
const context = { signal: never, cancelled: never, serverNow: () => Date.now() };

/** A command that may be begun for so long. */
async function ordered(reactions: Parameters<typeof takeLogs>[0] = [], windowMs = 15_000) {
  const { transfer, taken } = await takeLogs(reactions);
  const operation: Operation = command(Date.now(), { operation: "send_logs", transfer }, windowMs);
  return { operation, taken };
}

describe("sending a log", () => {
  it("sends it compressed, with its digest and the command's token, and answers what the server has kept", async () => {
    const { operation, taken } = await ordered();
    const outcome = await uploadLog(operation, Buffer.from("a line\n"), context);
    const sent = gzipSync("a line\n");
    const sha256 = createHash("sha256").update(sent);
    expect(taken).toEqual([
      {
        authorization: "Bearer t.o.ken",
        type: "application/gzip",
        digest: `sha-256=:${sha256.copy().digest("base64")}:`,
        text: "a line\n",
      },
    ]);
    const result = { log_id: "019a0000-0000-7000-8000-000000000001", size: sent.length, sha256: sha256.digest("hex") };
    expect(outcome).toEqual({ status: "COMPLETED", result });
  });

  it("tries again while there is trouble, reading a log of pieces from the beginning each time", async () => {
    const { operation, taken } = await ordered([503, "hang up", 429]);
    let readings = 0;
    const content = async function* () {
      readings += 1;
      for (let line = 0; line < 1_000; line += 1) yield Buffer.from(`line ${line}\n`);
    };
    expect(await uploadLog(operation, content, context)).toMatchObject({ status: "COMPLETED" });
    expect(taken).toHaveLength(4);
    expect(readings).toBe(5);
    expect(new Set(taken.map(({ text, digest }) => `${text}${digest}`)).size).toBe(1);
  });

  it("tries again when the connection goes silent, while the log goes up and before the answer", async () => {
    const { operation, taken } = await ordered(["deafness", "silence"], 60_000);
    // More than the network holds between the two, and nothing to compress.
    const content = randomBytes(12_000_000);
    expect(await uploadLog(operation, content, context, { stallMs: 1_000 })).toMatchObject({ status: "COMPLETED" });
    expect(taken.length).toBeGreaterThanOrEqual(2);
    expect(taken.at(-1)?.text).toBe(content.toString());
  });

  it("tries again when a try of before, of which the server learned late, took its place", async () => {
    const { operation, taken } = await ordered([409]);
    expect(await uploadLog(operation, Buffer.from("x"), context)).toMatchObject({ status: "COMPLETED" });
    expect(taken).toHaveLength(2);
  });

  it("does not try again what is refused", async () => {
    const { operation, taken } = await ordered([404]);
    const error = { code: "log_refused", message: expect.stringContaining("404") };
    expect(await uploadLog(operation, Buffer.from("x"), context)).toEqual({
      status: "FAILED",
      reason: "device_error",
      error,
    });
    expect(taken).toHaveLength(1);
  });

  it("gives up before the operation's window is over", async () => {
    const { operation } = await ordered(
      Array.from({ length: 50 }, () => 503),
      2_200,
    );
    const outcome = await uploadLog(operation, Buffer.from("x"), context);
    expect(outcome).toMatchObject({ status: "FAILED", reason: "host_unreachable", error: { code: "log_not_sent" } });
  });

  it("says that the server has no room, and does not send people to look at the network", async () => {
    const { operation } = await ordered(
      Array.from({ length: 50 }, () => "storage_full" as const),
      2_200,
    );
    expect(await uploadLog(operation, Buffer.from("x"), context)).toMatchObject({
      status: "FAILED",
      reason: "storage_failed",
      error: { code: "log_not_sent", message: expect.stringMatching(/At the last try: .*503.*no room/) },
    });
  });

  it("breaks off when it is cancelled, with the reason of that", async () => {
    const { operation } = await ordered(Array.from({ length: 50 }, () => 503));
    const cancelled = new AbortController();
    const sending = uploadLog(operation, Buffer.from("x"), { ...context, cancelled: cancelled.signal });
    const reason = new Error("cancelled");
    cancelled.abort(reason);
    await expect(sending).rejects.toBe(reason);
  });

  it("fails where the command does not say where to", async () => {
    const outcome = await uploadLog(command(Date.now(), { operation: "send_logs" }), Buffer.from("x"), context);
    expect(outcome).toMatchObject({ status: "FAILED", error: { code: "no_transfer" } });
  });
});
