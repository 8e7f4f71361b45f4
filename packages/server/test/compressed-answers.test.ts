import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";
import { EventReader } from "./support/event-reader.ts";

interface Raw {
  status: number | undefined;
  headers: NodeJS.Dict<string | string[]>;
  bytes: Buffer;
}

describe("compressed answers", async () => {
  const origin = "https://pos.example";
  const { server, tenant, aid } = await world({ own: { config: { corsOrigins: [origin] } } });
  const stores = `/v1/accounts/${aid}/stores`;

  beforeAll(async () => {
    for (let n = 1; n <= 30; n += 1) {
      const body = { store_id: `S${n}` };
      await server.call("POST", stores, { ...tenant, body });
    }
  });

  const get = (path: string, headers: Record<string, string> = {}) =>
    new Promise<Raw>((resolve, reject) => {
      const options = { headers: { authorization: `Bearer ${tenant.token}`, ...headers } };
      request(`${server.url}${path}`, options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(parts) });
        });
      })
        .on("error", reject)
        .end();
    });

  it("say the same in a fraction of the bytes, to those who accept gzip", async () => {
    const plain = await get(stores);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers["vary"]).toMatch(/accept-encoding/i);
    for (const accepted of ["gzip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.5"]) {
      const packed = await get(stores, { "accept-encoding": accepted });
      expect(packed.headers).toMatchObject({
        "content-encoding": "gzip",
        "content-type": plain.headers["content-type"],
        "content-length": String(packed.bytes.length),
      });
      expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 4);
      expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    }
  });

  it("come to nobody who does not accept them", async () => {
    for (const accepted of ["identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0.1, identity", "none of \u00e9 all"]) {
      const { status, headers } = await get(stores, { "accept-encoding": accepted });
      expect([status, headers["content-encoding"]], accepted).toEqual([200, undefined]);
    }
  });

  it("are no short ones, and none that an entity tag names", async () => {
    const accepted = { "accept-encoding": "gzip" };
    const short = await get(`${stores}?limit=1`, accepted);
    expect([short.status, short.headers["content-encoding"]]).toEqual([200, undefined]);
    const tagged = await get(`${stores}/S1`, accepted);
    expect(tagged.headers).toMatchObject({ etag: expect.stringMatching(/^"/) });
    expect(tagged.headers["content-encoding"]).toBeUndefined();
    const gone = await get(`${stores}/S99`, accepted);
    expect([gone.status, gone.headers["content-encoding"]]).toEqual([404, undefined]);
  });

  it("name the origin among what they vary by, where browsers of other sites may ask", async () => {
    const { headers } = await get(stores, { "accept-encoding": "gzip", origin });
    expect(headers["access-control-allow-origin"]).toBe(origin);
    expect(headers["vary"]).toBe("Origin, Accept-Encoding");
  });

  it("leave streams of events as they are", async () => {
    const reader = await EventReader.open({ url: `${server.url}/v1/accounts/${aid}/events`, token: tenant.token });
    expect(reader.headers.get("content-encoding")).toBeNull();
    reader.cut();
  });
});
