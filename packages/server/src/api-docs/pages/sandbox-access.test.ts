import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { isAskedFromHere, isOfThisMachine } from "./sandbox-access.ts";

const asked = (headers: FastifyRequest["headers"], remoteAddress: string | undefined = "127.0.0.1") =>
  isAskedFromHere({ headers, socket: { remoteAddress } as FastifyRequest["socket"] });
const from = (host: string) => ({ host, origin: `http://${host}` });

test("a page of this machine is one, by whatever name of it", () => {
  for (const host of ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.1.2.3:1", "[::1]:8080"])
    expect(asked(from(host)), host).toBe(true);
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    expect(asked({ ...from("localhost"), "sec-fetch-site": "same-origin" }, address), address).toBe(true);
});

test("no other peer is, whatever it sends", () => {
  for (const address of ["192.0.2.1", "::ffff:192.0.2.1", "fe80::1", "1127.0.0.1", "::1:1", undefined])
    expect(asked(from("localhost:8080"), address ?? ""), address).toBe(false);
});

test("nor is a page with another name, as behind a rebound name or a proxy", () => {
  for (const host of [
    "tills.example",
    "192.0.2.1",
    "localhost.example",
    "127.0.0.1.example",
    "localhost:8080x",
    "a@localhost",
    "",
  ])
    expect(asked(from(host)), host).toBe(false);
  const { host, origin } = from("localhost:8080");
  for (const headers of [
    { host },
    { origin },
    { host, origin: "https://tills.example" },
    { host, origin: "https://localhost:8080" },
    { host, origin: "http://localhost:9090" },
    { host, origin: "null" },
    { host, origin, "sec-fetch-site": "cross-site" },
    { host, origin, "sec-fetch-site": "same-site" },
    { host, origin, "x-forwarded-for": "127.0.0.1" },
    { host, origin, "x-forwarded-host": "localhost" },
    { host, origin, forwarded: "for=127.0.0.1" },
    { host, origin, via: "1.1 proxy" },
    { host, origin, "x-real-ip": "127.0.0.1" },
    { host, origin, "x-forwarded-proto": "https" },
  ])
    expect(asked(headers), JSON.stringify(headers)).toBe(false);
});

test("a server that is reached elsewhere is not of this machine alone", () => {
  for (const http_url of ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])
    expect(isOfThisMachine({ http_url }), http_url).toBe(true);
  for (const http_url of ["https://tills.example", "http://192.0.2.1:8080", "http://127.0.0.1.example"])
    expect(isOfThisMachine({ http_url }), http_url).toBe(false);
});
