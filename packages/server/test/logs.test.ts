import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { createClient } from "@tillkeeper/sdk";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { world } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it, vi } from "vitest";
import { answerLogs, askForLogs, putLog, sha256Of, uploadLog } from "./support/logs.ts";

const operations = "/v1/admin/terminals/operations";
const cardLine = "paid with 4111 1111 1111 1111 today\n";

describe("logs of terminals", async () => {
  const folder = folderOfTests("logs");
  const fleet = createVirtualFleet({ folder, durationMs: { shortest: 1, longest: 3 } });
  // Once the server has ended.
  afterAll(async () => {
    await fleet.stopAll();
  });
  const { server, tenant, device } = await world({
    own: { virtualTerminalHost: fleet },
    device: "active",
  });

  const logsOf = (terminalId: string) => `/v1/accounts/${tenant.aid}/payments/admin/terminals/${terminalId}/logs`;

  /** A log that is stored, with its operation ended. */
  async function stored(text: string) {
    const command = await askForLogs(server, tenant, device);
    const result = await uploadLog(command, text);
    const receipts = device.received.filter(({ channel }) => channel === "receipt").length;
    await answerLogs(device, command, result);
    expect(await device.next("receipt", receipts)).toMatchObject({ status: "COMPLETED" });
    return { ...result, operation_id: command.operation_id };
  }

  it("of a virtual terminal come as a file: sent, masked, listed, downloaded", { tags: "replicas" }, async () => {
    const body = { device_serial_number: `SIMULATED-${tenant.aid}-001`, store_id: "S312" };
    const { terminal_id: id } = (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body }))
      .body;
    const sent = await server.call("POST", operations, {
      ...tenant,
      body: { terminal_id: id, operation: "send_logs" },
    });
    expect(sent.status).toBe(201);
    const get = async () => (await server.call("GET", `${operations}/${sent.body.id}`, tenant)).body;
    await vi.waitUntil(async () => (await get()).status !== "PENDING");
    const { status, result } = await get();
    expect(status).toBe("COMPLETED");

    const list = await server.call("GET", logsOf(id), tenant);
    expect(list.body).toEqual([
      expect.objectContaining({
        id: result.log_id,
        operation_id: sent.body.id,
        device_serial_number: body.device_serial_number,
        size: result.size,
        sha256: result.sha256,
        masked_count: 1,
      }),
    ]);
    const file = await server.call<Buffer>("GET", `/v1/admin/terminals/${id}/logs/${result.log_id}/content`, tenant);
    expect(file.status).toBe(200);
    expect(file.headers.get("content-type")).toBe("application/gzip");
    expect(file.headers.get("content-length")).toBe(String(result.size));
    expect(file.headers.get("cache-control")).toBe("no-store");
    expect(file.headers.get("content-disposition")).toMatch(
      /^attachment; filename="T\d{8}-T\d+-\d{8}T\d{6}Z\.log\.gz"$/,
    );
    expect(file.headers.get("content-digest")).toBe(`sha-256=:${sha256Of(file.body, "base64")}:`);
    expect(sha256Of(file.body)).toBe(result.sha256);
    const text = gunzipSync(file.body).toString();
    expect(text).toContain("card 4111 11** **** 1111");
    expect(text).toContain(" info connected {");
    expect(text).not.toContain("4111 1111");
    expect(text.length).toBe(list.body[0].unpacked_size);
  });

  it("are listed by pages, newest first, and read one by one, at both bases", async () => {
    const first = await stored("first\n");
    const second = await stored("second\n");
    for (const path of [logsOf(device.terminalId), `/v1/admin/terminals/${device.terminalId}/logs`]) {
      const page = await server.call("GET", `${path}?limit=1`, tenant);
      expect(page.body).toMatchObject([{ id: second.log_id }]);
      const next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
      expect((await server.call("GET", next ?? "", tenant)).body).toMatchObject([{ id: first.log_id }]);
      expect((await server.call("GET", `${path}/${first.log_id}`, tenant)).body).toMatchObject({
        id: first.log_id,
        operation_id: first.operation_id,
        terminal_id: device.terminalId,
        unpacked_size: 6,
      });
    }
  });

  it("may be sent as plain text and gzip, whole or in chunks, and what comes back is gzip", async () => {
    const command = await askForLogs(server, tenant, device);
    const text = `{"level":"info","text":"åæø 日本"}\n`.repeat(5_000) + cardLine;
    const { status, body } = await putLog(command, text, { headers: { "content-type": "text/plain; charset=utf-8" } });
    expect({ status, body }).toMatchObject({ status: 201, body: { masked_count: 1 } });
    await answerLogs(device, command, { log_id: body.log_id, size: body.size, sha256: body.sha256 });
    const file = await server.call<Buffer>("GET", `${logsOf(device.terminalId)}/${body.log_id}/content`, tenant);
    expect(gunzipSync(file.body).toString()).toBe(text.replace("4111 1111 1111 1111", "4111 11** **** 1111"));
  });

  it("are opened by a scope of their own, and each download is noted", async () => {
    const { log_id: id } = await stored("secret\n");
    const reader = await server.account(tenant.aid, {
      clientId: "reader",
      scopes: ["read:checkout:/admin/terminals/logs"],
    });
    const others = await server.account(tenant.aid, {
      clientId: "others",
      scopes: ["read:checkout:/admin/terminals", "write:checkout:/admin/terminals", "admin:accounts", "read:checkout"],
    });
    for (const path of ["", `/${id}`, `/${id}/content`]) {
      const refused = await server.call("GET", `${logsOf(device.terminalId)}${path}`, others);
      expect(refused).toMatchObject({ status: 403, body: { error: { code: "insufficient_scope" } } });
      expect((await server.call("GET", `${logsOf(device.terminalId)}${path}`, reader)).status).toBe(200);
    }
    const audit = await server.call("GET", `/v1/accounts/${tenant.aid}/audit?subject_id=${id}`, tenant);
    expect(audit.body.entries).toMatchObject([
      { actor: "reader", action: "log.download", subject: { type: "log", id } },
    ]);
  });

  it("are there when a result says so, or the result is rejected at /result/log_id", async () => {
    const command = await askForLogs(server, tenant, device);
    const result = await uploadLog(command, "there\n");
    const other = await server.call("GET", `${logsOf(device.terminalId)}?limit=2`, tenant);
    const lies = [
      { log_id: "1", size: 0, sha256: "0".repeat(64) },
      { ...result, size: result.size + 1 },
      { ...result, sha256: "0".repeat(64) },
      { ...result, log_id: other.body[1].id },
    ];
    for (const [index, lie] of lies.entries()) {
      await answerLogs(device, command, lie);
      expect(await device.next("rejection", index)).toMatchObject({
        channel: "result",
        operation_id: command.operation_id,
        errors: [{ path: "/result/log_id" }],
      });
    }
    expect((await server.call("GET", `${operations}/${command.operation_id}`, tenant)).body.status).toBe("PENDING");
    const receipts = device.received.filter(({ channel }) => channel === "receipt").length;
    await answerLogs(device, command, result);
    expect(await device.next("receipt", receipts)).toMatchObject({ status: "COMPLETED" });
    expect((await server.call("GET", `${operations}/${command.operation_id}`, tenant)).body).toMatchObject({ result });
  });

  it("of a terminal that nobody has, or with ids nobody has, are not found", async () => {
    const nobody = "019a0000-0000-7000-8000-000000000000";
    const missing = await server.call("GET", logsOf(`${tenant.aid}-T9999`), tenant);
    expect(missing).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
    for (const path of [`/${nobody}`, `/${nobody}/content`]) {
      const answer = await server.call("GET", `${logsOf(device.terminalId)}${path}`, tenant);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "log_not_found" } } });
    }
  });

  it("are read with the client, page by page and as a stream", async () => {
    const [first, second] = [await stored("one\n"), await stored("two\n")];
    const client = createClient({
      url: server.url,
      accountId: tenant.aid,
      clientId: tenant.clientId,
      clientSecret: tenant.secret,
    });
    const page = await client.logs.list.withResponse(device.terminalId, { limit: 1 });
    expect(page).toMatchObject({ body: [{ id: second.log_id }], next: second.log_id });
    const next = await client.logs.list(device.terminalId, { limit: 1, starting_after: second.log_id });
    expect(next).toEqual([await client.logs.get(device.terminalId, first.log_id)]);
    const content = await buffer(await client.logs.getContent(device.terminalId, first.log_id));
    expect(gunzipSync(content).toString()).toBe("one\n");
    const missing = client.logs.getContent(device.terminalId, "019a0000-0000-7000-8000-000000000000");
    await expect(missing).rejects.toMatchObject({ code: "log_not_found", status: 404 });
  });

  it("outlive a restart of the server", async () => {
    const { log_id: id } = await stored("kept\n");
    await server.restart();
    const file = await server.call<Buffer>("GET", `${logsOf(device.terminalId)}/${id}/content`, tenant);
    expect(gunzipSync(file.body).toString()).toBe("kept\n");
  });
});
