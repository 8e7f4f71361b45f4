// @module-tag replicas: every server has to make the same tag of the same state
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { changesResource, readsResource, showsResource } from "@tillkeeper/contract/http/resource";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { actionBodies, makerOf } from "../support/single-resources.ts";

const rows = Object.values(endpoints).flatMap((noun): Endpoint[] => Object.values(noun));
const reads = rows.filter(readsResource);
const changes = rows.filter(changesResource);

const filled = (path: string, ids: Record<string, string>) =>
  path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] as string));
/** The part of a tag that changes with the resource itself. */
const stateOf = (tag: string | null) => tag?.split(".")[0]?.replaceAll('"', "");

/** Single resources, each of them, by RFC 9110 sections 8.8.3 and 13: what has no test of its own is walked here. */
describe("every single resource", async () => {
  const { server, tenant } = await world({ own: { config: { webhooksMayBePrivate: true } } });
  const make = makerOf(server, tenant);
  const send = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
    server.call(method, path, { token: tenant.token, headers, body });

  it("names its state in ETag, and is not sent again to who has it", { timeout: 120_000 }, async () => {
    expect(reads.length).toBeGreaterThan(14);
    for (const { id, path } of reads) {
      const url = filled(path, await make(path));
      const first = await send("GET", url);
      expect(first.status, id).toBe(200);
      const tag = first.headers.get("etag") ?? "";
      expect(tag, id).toMatch(/^"[\w-]{22}(\.[\w-]{22})?"$/);
      for (const known of [tag, `"other", W/${tag}`, "*"]) {
        const again = await send("GET", url, { "if-none-match": known });
        expect([again.status, again.body, again.headers.get("etag")], id).toEqual([304, undefined, tag]);
        expect(again.headers.get("content-type"), id).toBeNull();
      }
      const head = await fetch(`${server.url}${url}`, {
        method: "HEAD",
        headers: { authorization: `Bearer ${tenant.token}` },
      });
      expect([head.status, head.headers.get("etag")], id).toEqual([200, tag]);
      expect((await send("GET", url, { "if-none-match": '"other"' })).status, id).toBe(200);
      expect(await send("GET", url, { "if-match": '"other"' }), id).toMatchObject({
        status: 412,
        body: { error: { code: "precondition_failed" } },
      });
    }
  });

  it("changes only for who knows its state, and answers with the new one", { timeout: 120_000 }, async () => {
    expect(changes.length).toBeGreaterThan(17);
    for (const row of changes) {
      const { id, method, resource = { path: "" } } = row;
      const ids = await make(resource.path);
      const [url, shownAt] = [filled(row.path, ids), filled(resource.path, ids)];
      const before = await send("GET", shownAt);
      const tag = before.headers.get("etag") ?? "";
      const own = row.path === resource.path && method !== "DELETE" ? before.body : undefined;
      const body = own ?? actionBodies[id]?.();
      const refusals: Record<string, string>[] = [
        { "if-match": '"other"' },
        { "if-match": `W/${tag}` },
        { "if-none-match": "*" },
        { "if-none-match": tag },
        ...(before.body.updated_at ? [{ "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT" }] : []),
      ];
      for (const condition of refusals) {
        const refused = await send(method, url, condition, body);
        expect(refused, `${id} ${JSON.stringify(condition)}`).toMatchObject({
          status: 412,
          body: { error: { code: "precondition_failed", errors: [{ path: `/headers/${Object.keys(condition)[0]}` }] } },
        });
      }
      expect((await send("GET", shownAt)).headers.get("etag"), id).toBe(tag);
      const malformed = await send(method, url, { "if-match": "no-quotes" }, body);
      expect([malformed.status, malformed.body.error.errors[0]?.path], id).toEqual([400, "/headers/if-match"]);

      const done = await send(method, url, { "if-match": `"other", ${tag}` }, body);
      expect(done.status, `${id} ${JSON.stringify(done.body)}`).toBeLessThan(300);
      const answer = row.answers[done.status];
      if (!answer || !row.resource || !showsResource(answer, row.resource)) continue;
      const now = await send("GET", shownAt);
      if (now.status === 200) expect(stateOf(now.headers.get("etag")), id).toBe(stateOf(done.headers.get("etag")));
      else expect(stateOf(done.headers.get("etag")), id).not.toBe(stateOf(tag));
    }
  });

  it("has a tag in the answer that creates it", { timeout: 120_000 }, async () => {
    const account = `/v1/accounts/${tenant.aid}`;
    const created = await send("POST", `${account}/stores`, {}, { store_name: "New" });
    const read = await send("GET", `${account}/stores/${created.body.id}`);
    expect(created.headers.get("etag")).toBe(read.headers.get("etag"));
    // The secret that is shown once has no part in it.
    const client = await send("POST", `${account}/auth/clients`, {}, {});
    const shown = await send("GET", `${account}/auth/clients/${client.body.id}`);
    expect(client.headers.get("etag")).toBe(shown.headers.get("etag"));
  });

  it("does not say by a condition whether it is there: 404 comes before 412", { timeout: 120_000 }, async () => {
    const stranger = await server.account();
    for (const row of changes) {
      const { id, method, resource = { path: "" } } = row;
      const ids = { ...(await make(resource.path)), aid: stranger.aid, oid: stranger.aid };
      const body = actionBodies[id]?.() ?? (row.body ? {} : undefined);
      const ask = (headers: Record<string, string>) =>
        server.call(method, filled(row.path, ids), { token: stranger.token, headers, body });
      const plain = await ask({});
      if (row.body && plain.status === 400) continue;
      expect(plain.status, id).toBe(404);
      for (const headers of [{ "if-match": '"other"' }, { "if-match": "*" }, { "if-none-match": "*" }] as const) {
        expect((await ask(headers)).body, id).toEqual(plain.body);
      }
    }
  });
});
