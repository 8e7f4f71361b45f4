import { createHash, randomUUID } from "node:crypto";
import { type ClientRequest, request } from "node:http";
import { gzipSync } from "node:zlib";
import type { LogReceived } from "@tillkeeper/contract/http/logs";
import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import { type SharedServer, send, type Tenant } from "@tillkeeper/stage/servers/test-server";

/** A send_logs command as the device receives it. */
export interface LogCommand {
  operation_id: string;
  transfer: Transfer;
}

/** Returns the SHA-256 digest of the bytes. */
export function sha256Of(bytes: Uint8Array | string, encoding: "hex" | "base64" = "hex"): string {
  return createHash("sha256").update(bytes).digest(encoding);
}

export interface Sending {
  token?: string;
  headers?: Record<string, string>;
}

/** Uploads the bytes to the address in the command. */
export function putLog<T = LogReceived>(
  { transfer }: Pick<LogCommand, "transfer">,
  body: Uint8Array | string,
  { token = transfer.token, headers }: Sending = {},
) {
  const digest = { "content-digest": `sha-256=:${sha256Of(body, "base64")}:` };
  const { origin, pathname } = new URL(transfer.url);
  const type = typeof body === "string" ? "text/plain" : "application/gzip";
  return send<T>(origin, "PUT", pathname, { token, body, headers: { "content-type": type, ...digest, ...headers } });
}

/** Uploads a compressed log, and returns the result of the operation. */
export async function uploadLog(command: Pick<LogCommand, "transfer">, text = "one line\n"): Promise<SendLogsResult> {
  const { status, body } = await putLog(command, gzipSync(text));
  if (status !== 201) throw new Error(`the log was not taken: ${status} ${JSON.stringify(body)}`);
  const { log_id, size, sha256 } = body;
  return { log_id, size, sha256 };
}

/** Requests the logs of a device, and returns the command that the device receives. */
export async function askForLogs(
  server: Pick<SharedServer, "call">,
  tenant: Tenant,
  device: Device,
  timeout = 120,
): Promise<LogCommand> {
  const before = device.received.filter(({ channel }) => channel === "command").length;
  const { status, body } = await server.call("POST", "/v1/admin/terminals/operations", {
    token: tenant.token,
    body: { terminal_id: device.terminalId, operation: "send_logs", timeout },
  });
  if (status !== 201) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  const commands = () =>
    device.received.filter(({ channel, message }) => channel === "command" && message["operation_id"] === body.id);
  await device.next("command", before);
  return commands()[0]?.message as unknown as LogCommand;
}

/** Completes the operation, so that the terminal accepts the next one. */
export async function answerLogs(device: Device, { operation_id }: LogCommand, result: object): Promise<void> {
  const finished_at = new Date().toISOString();
  await device.say("result", { operation_id, operation: "send_logs", status: "COMPLETED", finished_at, result });
}

/** Uploads that a test leaves open, with the devices that send them. */
export function openUploads(server: SharedServer) {
  const devices: Device[] = [];
  const uploads: ClientRequest[] = [];
  return {
    /** Asks a new device for its log. */
    asked: async (tenant: Tenant, serial: string): Promise<LogCommand> => {
      const device = await registerDevice(server, tenant, serial);
      devices.push(device);
      await device.hello();
      await device.next("welcome");
      return askForLogs(server, tenant, device, 600);
    },
    /** Begins the upload of a log, whose bytes the caller writes. */
    begin: ({ transfer }: LogCommand, log: Uint8Array | string): ClientRequest => {
      const headers = {
        authorization: `Bearer ${transfer.token}`,
        "content-type": typeof log === "string" ? "text/plain" : "application/gzip",
        "content-digest": `sha-256=:${sha256Of(log, "base64")}:`,
      };
      const upload = request(transfer.url, { method: "PUT", agent: false, headers });
      uploads.push(upload);
      return upload;
    },
    end: async (): Promise<void> => {
      for (const upload of uploads) upload.destroy();
      await Promise.all(devices.map((device) => device.leave()));
    },
  };
}

/** Stores a row as a terminal's upload leaves it, and returns its id. */
export async function insertStoredLog({ db }: SharedServer, aid: string, terminalId: string): Promise<string> {
  const id = randomUUID();
  await db.sql
    .insertInto("terminal_logs")
    .values({
      account_id: aid,
      id,
      terminal_id: terminalId,
      operation_id: randomUUID(),
      device_serial_number: "1",
      state: "stored",
      received_sha256: Buffer.alloc(32),
      name: `logs/${id}.gz`,
      size: 1,
      unpacked_size: 1,
      sha256: "0".repeat(64),
      masked_count: 0,
      created_at: new Date(),
    })
    .execute();
  return id;
}
