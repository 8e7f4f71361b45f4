import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

/** Odd times, cursors and filters are answered or refused, and never a failure of the server. */
describe("timelines and pages of events", async () => {
  const { server, tenant } = await world();
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S1" } });
  const timeline = `/v1/accounts/${tenant.aid}/stores/S1/timeline`;
  const events = `/v1/accounts/${tenant.aid}/events`;
  const uuid = "0198b6c5-0000-7000-8000-000000000000";
  const search = (query: Record<string, string>) => `?${new URLSearchParams(query).toString()}`;
  it.each([
    {},
    { "at.gte": "2026-01-02T00:00:00Z", "at.lte": "2026-01-01T00:00:00Z" },
    { "at.gte": "0000-01-01T00:00:00Z" },
    { "at.gte": "0001-01-01T00:00:00+14:00" },
    { "at.lte": "0001-01-01T00:00:00Z" },
    { "at.lte": "9999-12-31T23:59:59Z" },
    { "at.lte": "9999-12-31T23:59:59.999-14:00" },
    { "at.gte": "9999-12-31T23:59:59-14:00" },
    { around: "0000-01-01T00:00" },
    { around: "0001-01-01T00:00" },
    { around: "0001-01-01T00:00:00+14:00" },
    { around: "0000-01-01T00:00:00+23:59" },
    { around: "9999-12-31T23:59" },
    { around: "9999-12-31T23:59:59Z" },
    { around: "9999-12-31T23:59:59-23:59" },
    { around: "1800-01-01T00:00" },
    { around: "1899-12-31T23:59:59" },
    { around: "2026-02-30T00:00" },
    { around: "2026-06-30T23:59:60" },
    { around: "2026-06-30T23:59:60Z" },
    { around: "2026-06-30T24:00" },
    { around: "2026-06-30T23:59:59.999999999" },
    { starting_after: `999999999999999.change.0000000000000001` },
    { starting_after: `0.change.9999999999999999` },
    { ending_before: `999999999999999.change.0000000000000001` },
    { ending_before: `0.closing.${uuid}` },
    { starting_after: `999999999999999.closing.${uuid}` },
    { starting_after: `281474976710655.ended.${uuid}` },
    { starting_after: `281474976710656.ended.${uuid}` },
    { starting_after: `999999999999999.presence.${uuid}` },
    { starting_after: `253402300800000.change.0000000000000001` },
    { starting_after: `1.fault.P12345678-T0001` },
    { starting_after: `1.attempt.${uuid}:P12345678-T0001:999999` },
    { starting_after: `1.telemetry.${uuid}`, ending_before: `999999999999999.telemetry.${uuid}` },
    { ending_before: `1.telemetry.${uuid}`, starting_after: `999999999999999.telemetry.${uuid}` },
    { starting_after: `1.constructor.${uuid}` },
    { limit: "1", around: "2026-06-30T00:00" },
    { starting_after: `999999999999999.configuration.9999999999999999` },
    { starting_after: `999999999999999.release.${uuid}` },
  ] as Record<string, string>[])("of a timeline are answered or refused: %j", async (query) => {
    const answer = await server.call("GET", `${timeline}${search(query)}`, tenant);
    expect([200, 400]).toContain(answer.status);
  });
  it.each([
    { subject: "\0" },
    { terminal_id: "a\0" },
    { store_id: "\0" },
    { subject: "\ud800" },
    { starting_after: "abcdef01-999999999999999" },
    { starting_after: "abcdef01-1" },
    { starting_after: "0" },
    { starting_after: "00" },
    { starting_after: "abcdef01-1\n" },
    { limit: "0" },
    { store_id: "../x" },
    { type: "account_store_add" },
    { type: "__proto__" },
  ] as Record<string, string>[])("of events are answered or refused: %j", async (query) => {
    const answer = await server.call("GET", `${events}${search(query)}`, tenant);
    expect([200, 400, 404, 410]).toContain(answer.status);
  });
});
