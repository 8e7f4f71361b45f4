import { readdirSync } from "node:fs";
import { join } from "node:path";
import { limits } from "@tillkeeper/contract/limits";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const contract = join(import.meta.dirname, "../../contract/src");

/** All schemas below a value that demand different items in a list. */
function withDifferentItems(value: unknown): { items?: { type?: string } }[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "uniqueItems" in value ? [value as { items?: { type?: string } }] : [];
  return [...own, ...Object.values(value).flatMap(withDifferentItems)];
}

describe("texts of the allowed length with as many values as fit", async () => {
  const { server, tenant, device } = await world({ device: "registered" });

  const bodies: [string, string, unknown][] = [
    ["a list of different scopes", "scope", Array.from({ length: 26_000 }, (_, index) => `s${index}`)],
    ["a list of zeros", "scope", Array.from({ length: 100_000 }, () => 0)],
    ["unknown fields", "audience", Object.fromEntries(Array.from({ length: 21_000 }, (_, index) => [`f${index}`, 0]))],
    ["lists of lists", "scope", Array.from({ length: 50_000 }, () => [[]])],
  ];
  it.each(bodies)("are refused in a body: %s", async (_what, field, value) => {
    const body = { client_id: "0b7a1bb1-6a4d-4f0e-8f0c-0d8d7b9a3c11", [field]: value };
    const text = JSON.stringify(body);
    expect(text.length).toBeLessThanOrEqual(limits.httpBodyBytes);
    const answer = await server.call("POST", `/v1/accounts/${tenant.aid}/auth/client-grants`, {
      token: tenant.token,
      body,
    });
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: {
          code: "invalid_request",
          errors: [{ path: "/body", message: `must not have more than ${limits.httpBodyValues} values` }],
        },
      },
    });
  });

  it("are checked below that, and no more than 20 places are told", async () => {
    const scope = Array.from({ length: 100 }, (_, index) => `no scope ${index}`);
    const answer = await server.call("POST", `/v1/accounts/${tenant.aid}/auth/client-grants`, {
      token: tenant.token,
      body: { client_id: "0b7a1bb1-6a4d-4f0e-8f0c-0d8d7b9a3c11", audience: "x", scope },
    });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
    expect(answer.body.error.errors).toHaveLength(20);
  });

  it("are rejected in a message of a terminal", async () => {
    await device.say("result", { operation_id: "x", operations: Array.from({ length: 10_000 }, () => 0) });
    expect(await device.next("rejection")).toMatchObject({
      channel: "result",
      errors: [{ path: "", message: `must not have more than ${limits.mqttMessageValues} values` }],
    });
  });

  it("have no list whose items would have to be compared each with each", async () => {
    const files = readdirSync(contract, { recursive: true }).map(String);
    const names = files.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    const lists: { items?: { type?: string } }[] = [];
    for (const name of names)
      lists.push(...withDifferentItems({ ...((await import(join(contract, name))) as object) }));
    expect(lists.length).toBeGreaterThan(0);
    for (const { items } of lists) expect(items?.type).toMatch(/^(string|integer)$/);
  });
});
