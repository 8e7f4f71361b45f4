import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { gzipSync } from "node:zlib";
import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import { activeDevice, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { answerLogs, askForLogs, type LogCommand, putLog, sha256Of, uploadLog } from "./support/logs.ts";

/** A log that the test sends in parts. */
function openUpload({ transfer }: LogCommand, whole: Uint8Array) {
  const sent = request(transfer.url, {
    method: "PUT",
    agent: false,
    headers: {
      authorization: `Bearer ${transfer.token}`,
      "content-type": "application/gzip",
      "content-digest": `sha-256=:${sha256Of(whole, "base64")}:`,
    },
  });
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  return {
    write: (part: Uint8Array) => sent.write(part),
    async end(part: Uint8Array): Promise<number | undefined> {
      sent.end(part);
      const [response] = await answered;
      response.resume();
      return response.statusCode;
    },
  };
}

const notFound = { status: 404, body: { error: { code: "operation_not_found" } } };

describe("a token for the files of an operation", async () => {
  const { server, tenant } = await world({ own: {} });

  const terminals = () => `/v1/accounts/${tenant.aid}/terminals`;

  async function connected(serial: string) {
    const device = await activeDevice(server, tenant, serial);
    onTestFinished(() => device.leave());
    return device;
  }

  /** Pairs another device with the terminal, by a new code. */
  async function pairAnew({ terminalId }: Device, serial: string): Promise<Device> {
    const path = `${terminals()}/${terminalId}/pairing-codes`;
    const { code } = (await server.call("POST", path, { ...tenant, body: {} })).body;
    const paired = await (await PairingDevice.make(serial)).pair(server, code);
    expect(paired.status).toBe(200);
    const device = await enterAs(server, { address: paired.body.address, password: paired.body.mqtt_password });
    onTestFinished(() => device.leave());
    return device;
  }

  async function askToUpdate(device: Device): Promise<LogCommand> {
    const body = { terminal_id: device.terminalId, operation: "check_update", timeout: 300 };
    const sent = await server.call("POST", "/v1/admin/terminals/operations", { ...tenant, body });
    expect(sent.status).toBe(201);
    return (await device.next("command")) as unknown as LogCommand;
  }

  const manifest = ({ url, token }: Transfer) =>
    server.call("GET", `${new URL(url).pathname}?software_version=1`, { token });

  const logsOf = async (device: Device) =>
    (await server.call("GET", `/v1/admin/terminals/${device.terminalId}/logs`, tenant)).body;

  it("ends when the terminal is paired anew; the device that it is then gets one of its own", {
    tags: "replicas",
  }, async () => {
    const old = await connected("HOLDER-1");
    const command = await askForLogs(server, tenant, old, 600);
    const fresh = await pairAnew(old, "HOLDER-1");
    expect(await putLog(command, gzipSync("of the device that is out\n"))).toMatchObject(notFound);
    await fresh.hello();
    const again = (await fresh.next("command")) as unknown as LogCommand;
    expect(again.operation_id).toBe(command.operation_id);
    const result = await uploadLog(again);
    expect(await logsOf(fresh)).toMatchObject([{ id: result.log_id }]);
    // Not even to learn that the log exists.
    expect(await putLog(command, gzipSync("one line\n"))).toMatchObject(notFound);
  });

  it("ends for updates likewise", async () => {
    const old = await connected("HOLDER-2");
    const { transfer } = await askToUpdate(old);
    expect((await manifest(transfer)).status).toBe(200);
    const fresh = await pairAnew(old, "HOLDER-2");
    expect(await manifest(transfer)).toMatchObject(notFound);
    await fresh.hello();
    const again = (await fresh.next("command")) as unknown as LogCommand;
    expect((await manifest(again.transfer)).status).toBe(200);
  });

  it("ends when another device is put in the terminal's place, also in the minute that is left after the deadline", async () => {
    const old = await connected("HOLDER-3");
    const command = await askForLogs(server, tenant, old, 5);
    server.clock.advance(6_000);
    const path = `/v1/admin/terminals/operations/${command.operation_id}`;
    await vi.waitUntil(async () => (await server.call("GET", path, tenant)).body.status === "TIMEOUT", {
      timeout: 10_000,
    });
    const body = { device_serial_number: "HOLDER-3-NEW" };
    const swapped = await server.call("POST", `${terminals()}/${old.terminalId}/device`, { ...tenant, body });
    expect(swapped.status).toBe(200);
    expect(await putLog(command, gzipSync("of the device that is out\n"))).toMatchObject(notFound);
    expect(await logsOf(old)).toEqual([]);
  });

  it("ends for an upload that is on its way, of which nothing is kept", { tags: "replicas" }, async () => {
    const old = await connected("HOLDER-4");
    const command = await askForLogs(server, tenant, old, 600);
    const whole = gzipSync("of the device that is out\n");
    const rows = () =>
      server.db.sql
        .selectFrom("terminal_logs")
        .select("state")
        .where("operation_id", "=", command.operation_id)
        .execute();
    const upload = openUpload(command, whole);
    upload.write(whole.subarray(0, 10));
    await vi.waitUntil(async () => (await rows()).length === 1, { interval: 5 });
    await pairAnew(old, "HOLDER-4");
    expect(await upload.end(whole.subarray(10))).toBe(404);
    expect(await rows()).toEqual([]);
  });

  it("opens the last operation of a deleted terminal to its end, and not longer", { tags: "replicas" }, async () => {
    const doomed = await connected("HOLDER-5");
    const command = await askForLogs(server, tenant, doomed, 600);
    expect((await server.call("DELETE", `${terminals()}/${doomed.terminalId}`, tenant)).status).toBe(200);
    await answerLogs(doomed, command, await uploadLog(command));
    expect(await doomed.next("receipt")).toMatchObject({ status: "COMPLETED" });
    await vi.waitUntil(async () => (await putLog(command, gzipSync("one line\n"))).status === 404);

    const other = await connected("HOLDER-6");
    const { transfer } = await askToUpdate(other);
    expect((await server.call("DELETE", `${terminals()}/${other.terminalId}`, tenant)).status).toBe(200);
    expect((await manifest(transfer)).status).toBe(200);
  });
});
