// @module-tag replicas: requests that meet at different servers.

import { randomUUID } from "node:crypto";
import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";
const rounds = 20;

describe("simultaneous requests at several servers", async () => {
  const { server, tenant } = await world();

  const post = (url: string, body: object, headers: Record<string, string> = {}) =>
    send<{ id: string; status: string }>(url, "POST", base, { token: tenant.token, body, headers });

  async function finish(device: Device, operationId: string, receipts: number): Promise<void> {
    await device.openedMenu(operationId);
    await device.next("receipt", receipts);
  }

  it("with one key make one operation, and get 50 equal answers", async () => {
    const [one, other] = server.urls as [string, string];
    const device = await activeDevice(server, tenant, "310000000001");
    const body = { terminal_id: device.terminalId, operation: "open_menu" };
    const made = new Set<string>();
    for (let round = 0; round < rounds; round += 1) {
      const headers = { "idempotency-key": randomUUID() };
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => post(index % 2 === 0 ? one : other, body, headers)),
      );
      const [first] = answers;
      for (const answer of answers) expect(answer).toMatchObject({ status: 201, body: first?.body });
      for (const answer of answers) expect(Object.keys(answer.body)).toEqual(Object.keys(first?.body ?? {}));
      const replayed = answers.map((answer) => answer.headers.get("idempotent-replayed"));
      expect(replayed.filter((value) => value === null)).toHaveLength(1);
      expect(replayed.filter((value) => value === "true")).toHaveLength(49);
      made.add(first?.body.id ?? "");
      await finish(device, first?.body.id ?? "", round);
    }
    expect(made.size).toBe(rounds);
    const { body: listed } = await server.call("GET", `${base}?operation=open_menu`, tenant);
    expect(listed.map(({ id }: { id: string }) => id).toSorted()).toEqual([...made].toSorted());
    await device.leave();
  });

  it("without keys make one operation, and the others get its name", async () => {
    const device = await activeDevice(server, tenant, "310000000002");
    const body = { terminal_id: device.terminalId, operation: "open_menu" };
    for (let round = 0; round < rounds; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, index) => post(server.urls[index % 3] as string, body)),
      );
      const accepted = answers.filter(({ status }) => status === 201);
      expect(accepted).toHaveLength(1);
      const id = accepted[0]?.body.id ?? "";
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        expect(answer).toMatchObject({
          status: 409,
          body: { error: { code: "operation_pending", errors: [{ blocker: { id } }] } },
        });
      }
      await finish(device, id, round);
    }
    await device.leave();
  });
});
