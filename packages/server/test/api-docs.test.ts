import { once } from "node:events";
import { readdirSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asyncApiDocument } from "../src/api-docs/messages/async-api.ts";
import { forDevelopers, guides } from "../src/api-docs/pages/guides.ts";
import type { RunningServer } from "../src/main.ts";
import { startSandbox } from "./support/sandbox.ts";

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
}

/** Sends the headers unchanged, `Host` among them, which `fetch` does not send. */
async function ask(url: string, method = "GET", headers: Record<string, string> = {}): Promise<Got> {
  const sent = httpRequest(url, { method, headers }).end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const bytes = await buffer(answer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString() };
}

const { server } = await world();
const get = (path: string, headers?: Record<string, string>) => ask(server.url + path, "GET", headers);

const html = "text/html; charset=utf-8";
const json = "application/json; charset=utf-8";

describe("the start page", () => {
  it("tells people what this is, and programs where things are", async () => {
    const page = await get("/docs/start");
    expect(page.headers["content-type"]).toBe(html);
    expect(page.text).toContain("This is a Tillkeeper server");
    const answer = await get("/", { accept: "application/json" });
    expect(answer.headers).toMatchObject({ "content-type": json, vary: "Accept, Accept-Encoding" });
    const { links } = JSON.parse(answer.text);
    const paths: string[] = [links, links.health]
      .flatMap((one) => Object.values(one))
      .filter((one) => typeof one === "string");
    expect(paths.length).toBeGreaterThan(7);
    for (const path of paths) expect({ path, status: (await get(path)).status }).toEqual({ path, status: 200 });
  });

  it("leads to every page, by links of which none is broken", async () => {
    const pages = new Map<string, string>();
    const wanted = ["/docs/start"];
    const links: [from: string, to: string][] = [];
    for (const path of wanted) {
      if (pages.has(path)) continue;
      const { status, text: page, headers } = await get(path);
      expect({ path, status }).toEqual({ path, status: 200 });
      pages.set(path, page);
      for (const [, link = ""] of headers["content-type"] === html ? page.matchAll(/ (?:href|src)="([^"]+)"/g) : []) {
        if (/^[a-z]+:/.test(link)) continue;
        links.push([path, link]);
        const target = link.split("#")[0] ?? "";
        if (target !== "") wanted.push(target);
      }
    }
    const broken = links.filter(([from, to]) => {
      const [path, anchor] = to.split("#");
      return anchor !== undefined && !pages.get(path || from)?.includes(` id="${anchor}"`);
    });
    expect(broken).toEqual([]);
    const names = Object.values(guides).flatMap((those) => those.map(({ name }) => `/docs/guides/${name}`));
    expect([...pages.keys()]).toEqual(expect.arrayContaining([...names, "/docs", "/docs/guides", "/docs/errors"]));
  });
});

describe("the guides", () => {
  it("are all documents but those for developers", () => {
    const docs = resolve(import.meta.dirname, "../../../docs");
    const files = readdirSync(docs, { recursive: true, encoding: "utf8" });
    const names = files
      .filter((file) => file.endsWith(".md") && !file.startsWith("adr/"))
      .map((file) => file.slice(0, -3));
    const shown = Object.values(guides).flatMap((those) => those.map(({ name }) => name));
    expect([...shown, ...forDevelopers].toSorted()).toEqual(names.toSorted());
  });

  it("lead to each other, and name what is only in the source", async () => {
    const page = (await get("/docs/guides/device-protocol")).text;
    expect(page).toContain('<a href="/docs/guides/device-protocol/messages">');
    expect(page).toContain('<a href="/docs/guides/check-agent">');
    expect(page).toContain("<code>examples/agent.py</code> [in the source code]");
    const markdown = (await get("/docs/guides/device-protocol/messages.md")).text;
    expect(markdown).toContain("[device protocol](/docs/guides/device-protocol.md)");
  });

  it("come as Markdown, too, with links that work there", async () => {
    for (const { name } of Object.values(guides).flat()) {
      const { headers, text: markdown } = await get(`/docs/guides/${name}.md`);
      expect(headers["content-type"]).toBe("text/markdown; charset=utf-8");
      const prose = markdown.replaceAll(/^```[^]*?^```/gm, "");
      for (const [, link = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:|^#/.test(link)) continue;
        const path = link.split("#")[0] as string;
        expect({ name, path, status: (await get(path)).status }).toEqual({ name, path, status: 200 });
      }
    }
  });

  it.each([
    ["errors", "Errors", "<code>operation_pending</code>"],
    ["evidence", "Evidence", "<code>npm run chaos</code>"],
  ])("tell the %s at their short address, too", async (name, title, has) => {
    const page = await get(`/docs/${name}`);
    expect(page.text.includes(has)).toBe(true);
    expect(page.bytes.equals((await get(`/docs/guides/${name}`)).bytes)).toBe(true);
    expect((await get(`/docs/${name}.md`)).text).toMatch(new RegExp(`^# ${title}\\n`));
  });

  it("stand in the index for language models, each with its Markdown", async () => {
    const { headers, text: index } = await get("/llms.txt");
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(index).toMatch(/^# Tillkeeper\n\n> /);
    const links = [...index.matchAll(/^- \[[^\]]+\]\(([^)]+)\): \S/gm)].map(([, link]) => link as string);
    expect(links.length).toBe(Object.values(guides).flat().length + 2);
    for (const link of links) expect({ link, status: (await ask(link)).status }).toEqual({ link, status: 200 });
  });
});

describe("what is served", () => {
  const paths = [
    "/",
    "/docs/start",
    "/docs",
    "/docs/guides/brokers",
    "/openapi.json",
    "/asyncapi.json",
    "/docs/site/scalar.js",
  ];

  it("comes compressed to whoever takes that, and always the same", async () => {
    for (const path of paths) {
      const plain = await get(path);
      const [br, gzip] = await Promise.all(
        ["gzip, deflate, br", "gzip"].map((one) => get(path, { "accept-encoding": one })),
      );
      expect([plain, br, gzip].map((one) => one?.headers["content-encoding"])).toEqual([undefined, "br", "gzip"]);
      expect(brotliDecompressSync(br?.bytes ?? "").equals(plain.bytes), path).toBe(true);
      expect(gunzipSync(gzip?.bytes ?? "").equals(plain.bytes), path).toBe(true);
      expect((await get(path, { "accept-encoding": "br;q=0, gzip;q=0" })).headers["content-encoding"]).toBeUndefined();
      expect(br?.headers.vary).toContain("Accept-Encoding");
    }
  });

  it("is not sent again to whoever has it, and has a head", async () => {
    for (const path of paths) {
      const { headers, bytes } = await get(path);
      const { etag = "" } = headers;
      for (const known of [etag, `"other", ${etag}`, etag.replace("W/", ""), "*"]) {
        const again = await get(path, { "if-none-match": known, "accept-encoding": "br" });
        expect({ path, status: again.status, bytes: again.bytes.length }).toEqual({ path, status: 304, bytes: 0 });
      }
      expect((await get(path, { "if-none-match": 'W/"other"' })).status).toBe(200);
      const head = await ask(server.url + path, "HEAD");
      expect({ ...head.headers, status: head.status }).toMatchObject({
        status: 200,
        etag,
        "content-length": `${bytes.length}`,
      });
    }
  });

  it("may be kept for ever where the address names the content, and else is asked for again", async () => {
    const [, script = ""] = /src="(\/docs\/site\/scalar\.js\?v=[^"]+)"/.exec((await get("/docs")).text) ?? [];
    expect((await get(script)).headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    for (const path of [...paths, "/docs/site/scalar.js?v=other"])
      expect((await get(path)).headers["cache-control"], path).toBe("no-cache");
  });

  it("lets pages run and load only what this server has, and no script that stands in them", async () => {
    const policy = (style: string) =>
      `default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src ${style}; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for (const path of ["/docs/start", "/docs/guides", "/docs/errors"])
      expect((await get(path)).headers["content-security-policy"]).toBe(policy("'self'"));
    expect((await get("/docs")).headers["content-security-policy"]).toBe(policy("'self' 'unsafe-inline'"));
    expect((await get("/docs")).text).not.toMatch(/<script(?![^>]* src="\/docs\/site\/)|\son\w+=|https?:\/\//);
  });

  it("is the documents that the tools have made", async () => {
    const { headers, text: body } = await get("/asyncapi.json");
    expect({ type: headers["content-type"], body: JSON.parse(body) }).toEqual({
      type: json,
      body: JSON.parse(JSON.stringify(asyncApiDocument())),
    });
    expect(JSON.parse((await get("/openapi.json")).text).openapi).toBe("3.1.0");
  });

  it("is nothing else: errors have the documented shape", async () => {
    for (const path of [
      "/docs/nothing",
      "/docs/guides/nothing",
      "/docs/guides/benchmarks",
      "/docs/site/nothing.js",
      "/docs/guides/",
    ]) {
      const { status, headers, text: body } = await get(path);
      expect({ path, status, ...headers }).toMatchObject({
        status: 404,
        "content-type": json,
        "cache-control": "no-store",
      });
      expect(JSON.parse(body).error).toMatchObject({ code: "not_found", errors: [] });
    }
    for (const path of ["/", "/docs", "/docs/errors", "/docs/site/site.css", "/llms.txt"]) {
      const { status, headers, text: body } = await ask(server.url + path, "POST");
      expect({ path, status, allow: headers.allow }).toEqual({ path, status: 405, allow: "GET, HEAD, OPTIONS" });
      expect(JSON.parse(body).error.code).toBe("method_not_allowed");
    }
  });
});

describe("the pages of a sandbox", () => {
  let sandbox: RunningServer;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox.stop());
  const post = (headers: Record<string, string>) => ask(`${sandbox.httpUrl}/docs/sandbox`, "POST", headers);

  it("get what opens it, on its own machine, and it does", async () => {
    const { port } = new URL(sandbox.httpUrl);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      const answer = await post({ host, origin: `http://${host}` });
      expect({ status: answer.status, cache: answer.headers["cache-control"] }).toEqual({
        status: 200,
        cache: "no-store",
      });
      const { account_id, client_id, client_secret, first_requests, terminal_ids } = JSON.parse(answer.text);
      expect(sandbox.sandbox).toMatchObject({ account_id, client_id, client_secret });
      expect(first_requests).toHaveLength(3);
      expect(terminal_ids).toEqual(sandbox.sandbox?.terminalIds);
    }
  });

  it("get nothing under a name that is not this machine's, or from another site", async () => {
    const { host } = new URL(sandbox.httpUrl);
    const origin = `http://${host}`;
    const refused = [
      { host: "tills.example", origin: "http://tills.example" },
      { host: "tills.example", origin },
      { host, origin: "https://tills.example" },
      { host },
      { host, origin, "x-forwarded-for": "192.0.2.1" },
      { host, origin, "sec-fetch-site": "cross-site" },
    ];
    for (const headers of refused) {
      const { status, text: body } = await post(headers);
      expect({ headers, status, code: JSON.parse(body).error.code }).toEqual({
        headers,
        status: 404,
        code: "not_found",
      });
    }
    expect((await ask(`${sandbox.httpUrl}/docs/sandbox`, "GET", { host, origin })).status).toBe(404);
  });

  it("get nothing of a sandbox that is reached elsewhere, since whoever asks may be anywhere", async () => {
    const number = await freePort();
    const host = `127.0.0.1:${number}`;
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    const elsewhere = await startSandbox({ http, publicUrl: "https://tills.example" });
    try {
      const asked = (path: string) => ask(`http://${host}${path}`, "POST", { host, origin: `http://${host}` });
      expect((await asked("/docs/sandbox")).status).toBe(404);
      expect((await asked("/docs")).status).toBe(405);
    } finally {
      await elsewhere.stop();
    }
  });

  it("hold no secret themselves", async () => {
    const { client_secret = "", client_id = "" } = sandbox.sandbox ?? {};
    for (const path of [
      "/",
      "/docs/start",
      "/docs",
      "/openapi.json",
      "/llms.txt",
      "/docs/site/landing.js",
      "/docs/site/reference.js",
    ]) {
      const { text: page } = await ask(sandbox.httpUrl + path);
      expect({ path, holds: page.includes(client_secret) || page.includes(client_id) }).toEqual({ path, holds: false });
    }
    expect((await ask(`${sandbox.httpUrl}/docs/start`)).text).toContain("This is a Tillkeeper sandbox");
  });

  it("are not those of a server that is none", async () => {
    const { host } = new URL(server.url);
    const { status } = await ask(`${server.url}/docs/sandbox`, "POST", { host, origin: `http://${host}` });
    expect(status).toBe(404);
  });
});
