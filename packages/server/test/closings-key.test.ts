import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { storeOf } from "./support/closings.ts";

describe("a request for a closing under an idempotency key", async () => {
  const { server, tenant } = await world();

  it("answers the same closing when it comes again, and refuses another body", async () => {
    const store = storeOf(server, tenant, "keyed");
    const till = await store.till();
    const headers = { prefer: "wait=20", "idempotency-key": randomUUID() };
    const body = { when_busy: "wait" as const, expected: [{ currency: "NOK", purchases_count: 58 }] };
    const first = await store.close(body, headers);
    expect([first.status, first.body.state]).toEqual([201, "closed"]);
    const again = await store.close(body, headers);
    expect([again.status, again.body.id, again.headers.get("idempotent-replayed")]).toEqual([
      200,
      first.body.id,
      "true",
    ]);
    expect((await store.close({}, headers)).status).toBe(422);
    expect(till.commands).toHaveLength(1);
  });

  it("closes also without a body", async () => {
    const store = storeOf(server, tenant, "no-body");
    expect((await store.close(undefined, {})).status).toBe(201);
    expect((await store.close(undefined, {})).status).toBe(200);
  });
});
