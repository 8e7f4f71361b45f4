import { randomUUID } from "node:crypto";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { createInbound } from "../src/gateway/inbound.ts";
import { createLogger } from "../src/platform/log/log.ts";

type Options = Parameters<typeof createInbound>[0];

/** What a device names in its hello, and what that costs. */
describe("operations of a hello", async () => {
  const { server, tenant } = await world({ own: {} });

  it("are noted where they are live, and only then: a hundred that nobody knows are no statement each", async () => {
    const device = await activeDevice(server, tenant, "390000000001");
    const reports = {
      delivered: vi.fn<() => Promise<void>>(async () => undefined),
      started: vi.fn<() => Promise<void>>(async () => undefined),
    };
    const published: string[] = [];
    const receive = createInbound({
      db: server.db,
      clock: server.clock,
      log: createLogger("silent"),
      reports,
      presence: { heartbeatSeconds: 30, hello: async () => undefined },
      origins: { of: () => ({ signed: "" }) },
      transferOf: async () => undefined,
      transport: { publish: async (_to: string, channel: string) => void published.push(channel) },
    } as unknown as Options);
    const unknown = Array.from({ length: 99 }, () => ({ operation_id: randomUUID(), phase: "started" }));
    const hello = (operations: object[]) =>
      receive(
        device.address,
        "hello",
        Buffer.from(
          JSON.stringify({ protocol: 1, agent: "a", session: "s", sent_at: new Date().toISOString(), operations }),
        ),
      );
    await hello([...unknown, { operation_id: randomUUID(), phase: "delivered" }]);
    expect(published).toEqual(["welcome"]);
    expect([...reports.started.mock.calls, ...reports.delivered.mock.calls]).toEqual([]);

    const body = { terminal_id: device.terminalId, operation: "open_menu", timeout: 600 };
    const { body: sent } = await server.call("POST", "/v1/admin/terminals/operations", { ...tenant, body });
    const id: string = sent.id.toUpperCase();
    await hello([...unknown, { operation_id: id, phase: "started" }]);
    expect(reports.started.mock.calls).toEqual([
      [expect.objectContaining({ address: device.address }), expect.objectContaining({ operation_id: id })],
    ]);
    expect(reports.delivered).not.toHaveBeenCalled();
    await device.leave();
  });
});
