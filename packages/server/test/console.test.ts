import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { world } from "@tillkeeper/stage/world";
import Fastify from "fastify";
import { afterAll, describe, expect, it } from "vitest";
import { Console } from "../src/console/console.ts";

const html = "text/html; charset=utf-8";
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; manifest-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

describe("the page of the console", async () => {
  const { server } = await world();
  const get = (path: string, headers: Record<string, string> = {}) => fetch(server.url + path, { headers });

  it("comes at all of its addresses, never kept, and runs nothing that is not this server's", async () => {
    const start = await get("/", { accept: "text/html,*/*;q=0.8" });
    const page = await start.text();
    for (const path of [
      "/",
      "/sign-in",
      "/sign-in/link",
      "/T12345678",
      "/T12345678/",
      "/P12345678/stores/P12345678-0001/today",
    ]) {
      const answer = await get(path);
      expect({ path, status: answer.status, text: await answer.text() }).toEqual({ path, status: 200, text: page });
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "content-type": html,
        "cache-control": "no-cache",
        "content-security-policy": policy,
      });
    }
    expect(page).not.toMatch(/<script(?![^>]* src="\/)|\son\w+=|https?:\/\//);
  });

  it("names scripts and style sheets that are the same compressed and not", async () => {
    const page = await (await get("/")).text();
    const files = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
    expect(files.length).toBeGreaterThan(2);
    for (const path of files) {
      const compressed = await get(path, { "accept-encoding": "br" });
      const plain = await get(path, { "accept-encoding": "identity" });
      expect(compressed.headers.get("content-encoding")).toBe("br");
      expect(plain.headers.get("content-encoding")).toBe(null);
      expect(await compressed.text()).toBe(await plain.text());
    }
  });

  it("comes nowhere else: errors stay JSON", async () => {
    for (const path of [
      "/T1234567",
      "/X12345678",
      "/sign-in/other",
      "/v1/nothing",
      "/docs/nothing",
      "/assets/nothing.js",
    ]) {
      const { status, headers } = await get(path, { accept: "text/html" });
      expect({ path, status, type: headers.get("content-type") }).toEqual({
        path,
        status: 404,
        type: "application/json; charset=utf-8",
      });
    }
  });
});

describe("a console", () => {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-console-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>It</title>");
  writeFileSync(join(folder, "assets", "main-1a2b.js"), "run();".repeat(1_000));
  writeFileSync(join(folder, "assets", "big-3c4d.js"), "go();");
  const stored = brotliCompressSync("go();");
  writeFileSync(join(folder, "assets", "big-3c4d.js.br"), stored);
  writeFileSync(join(folder, "shell.js"), "keep();");
  writeFileSync(join(folder, "notes.txt"), "no file of the console");
  afterAll(() => rmSync(folder, { recursive: true }));
  const appOf = (of: string | undefined) => {
    const app = Fastify();
    new Console(of).addTo(app);
    return app;
  };

  it("has files that may be kept for ever, compressed, and none that the build does not make", async () => {
    const app = appOf(folder);
    const file = await app.inject({ url: "/assets/main-1a2b.js", headers: { "accept-encoding": "br" } });
    expect(file.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "br",
    });
    expect((await app.inject("/notes.txt")).statusCode).toBe(404);
    // A service worker fetches by the policy of its own file.
    expect((await app.inject("/shell.js")).headers).toMatchObject({
      "cache-control": "no-cache",
      "content-security-policy": policy,
    });
  });

  it("sends what the build has compressed already, and has no address for it", async () => {
    const app = appOf(folder);
    const get = (url: string, encoding: string) => app.inject({ url, headers: { "accept-encoding": encoding } });
    const small = await get("/assets/big-3c4d.js", "gzip, br");
    expect(small.headers["content-encoding"]).toBe("br");
    expect(small.rawPayload).toEqual(stored);
    expect((await get("/assets/big-3c4d.js", "identity")).body).toBe("go();");
    expect((await get("/assets/big-3c4d.js.br", "br")).statusCode).toBe(404);
  });

  it("that is not built says so, and how to build it", async () => {
    const { statusCode, body } = await appOf(join(folder, "nowhere")).inject("/sign-in");
    expect(statusCode).toBe(200);
    expect(body).toContain("npm run build -w packages/console");
  });
});
