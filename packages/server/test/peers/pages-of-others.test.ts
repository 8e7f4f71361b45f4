import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../../src/main.ts";
import { launchBrowser } from "../support/browser.ts";
import { startSandbox } from "../support/sandbox.ts";

const operations = "/v1/admin/terminals/operations";

/** What a page gets to see of an answer: its status, body and headers; or that the browser gave it nothing. */
interface Seen {
  status?: number;
  body?: Record<string, unknown>;
  headers?: Record<string, string>;
  blocked?: boolean;
}

/** Has the page ask with `fetch`, as a script of its own would. */
function ask(page: Page, url: string, init: object = {}): Promise<Seen> {
  return page.evaluate(`(async () => {
    try {
      const answer = await fetch(${JSON.stringify(url)}, ${JSON.stringify(init)});
      return { status: answer.status, body: await answer.json(), headers: Object.fromEntries(answer.headers) };
    } catch {
      return { blocked: true };
    }
  })()`);
}

describe("a page of another origin in a browser", () => {
  let browser: Browser;
  let site: Server;
  let page: Page;
  let origin: string;
  let sandbox: RunningServer;
  beforeAll(async () => {
    site = createServer((_request, response) =>
      response.setHeader("content-type", "text/html").end("<title>POS</title>"),
    );
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    [browser, sandbox] = await Promise.all([launchBrowser(), startSandbox()]);
    page = await browser.newPage();
    await page.goto(origin);
  });
  afterAll(async () => {
    await browser?.close();
    await sandbox?.stop();
    site?.close();
  });

  /** A token, which the page's own server would fetch: the secret is none of the page's. */
  async function tokenOf({ httpUrl, sandbox: made }: RunningServer): Promise<string> {
    const { account_id: aid, client_id, client_secret } = made ?? {};
    const answer = await fetch(`${httpUrl}/v1/accounts/${aid}/auth/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`, "content-type": "application/json" },
      body: JSON.stringify({ grant_type: "client_credentials", audience: `${httpUrl}/v1/accounts/${aid}` }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  it("lists terminals and sends operations with a token, and reads what the answer says beside its body", async () => {
    const { account_id: aid, terminalIds = [] } = sandbox.sandbox ?? {};
    const headers = { Authorization: `Bearer ${await tokenOf(sandbox)}` };
    const list = await ask(page, `${sandbox.httpUrl}/v1/accounts/${aid}/terminals?limit=2`, { headers });
    expect(list).toMatchObject({ status: 200, body: { terminals: [{}, {}] } });
    expect(list.headers).toHaveProperty("request-id");

    const key = { "Idempotency-Key": crypto.randomUUID(), "Content-Type": "application/json" };
    const body = JSON.stringify({ terminal_id: terminalIds[0], operation: "open_menu" });
    const init = { method: "POST", headers: { ...headers, ...key }, body };
    const first = await ask(page, sandbox.httpUrl + operations, init);
    const again = await ask(page, sandbox.httpUrl + operations, init);
    expect([first.status, again.status, again.headers?.["idempotent-replayed"]]).toEqual([201, 201, "true"]);

    const refused = await ask(page, `${sandbox.httpUrl}${operations}?limit=x`, { headers });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
    expect((await ask(page, sandbox.httpUrl + operations)).status).toBe(401);
  });

  it("gets nothing where a secret or a cookie would open the door", async () => {
    const { httpUrl, sandbox: made } = sandbox;
    const headers = { Authorization: `Bearer ${await tokenOf(sandbox)}` };
    const token = `/v1/accounts/${made?.account_id}/auth/token`;
    const grant = {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials",
    };
    // Front ends trade the code of a person there (RFC 7636); a page without a code or a secret gets nothing.
    const asked = await ask(page, httpUrl + token, grant);
    expect(asked).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    for (const [path, init] of [
      // Not a form, as a browser asks for a password when 401 follows a request with credentials.
      [token, { method: "POST", body: "{}", credentials: "include" }],
      ["/docs/sandbox", { method: "POST" }],
      ["/v1/device/nonce", { method: "POST" }],
      ["/openapi.json", {}],
      [operations, { headers, credentials: "include" }],
    ] as const) {
      expect({ path, seen: await ask(page, httpUrl + path, init) }).toEqual({ path, seen: { blocked: true } });
    }
  });

  it("is let in by a live server that names its origin, and by no other", async () => {
    for (const [corsOrigins, seen] of [
      [[origin], { status: 200, body: { stores: [] } }],
      [["https://pos.example"], { blocked: true }],
      [undefined, { blocked: true }],
    ] as const) {
      const server = await startTestServer({ config: { corsOrigins } });
      try {
        const { aid, token } = await server.account();
        const answer = await ask(page, `${server.url}/v1/accounts/${aid}/stores`, {
          headers: { Authorization: `Bearer ${token}` },
        });
        expect(answer).toMatchObject(seen);
      } finally {
        await server.stop();
      }
    }
  });
});
