import { send, startTestServer } from "@tillkeeper/stage/servers/test-server";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../../src/main.ts";
import { launchBrowser, open, usabilityOf } from "../support/browser.ts";
import { startSandbox } from "../support/sandbox.ts";

const widths = [1280, 360];
const operations = "/v1/admin/terminals/operations";

describe("the pages of a sandbox in a browser", () => {
  let browser: Browser;
  let sandbox: RunningServer;
  let list: string;
  beforeAll(async () => {
    [browser, sandbox] = await Promise.all([launchBrowser(), startSandbox()]);
    const { body } = await send<never>(sandbox.httpUrl, "GET", "/openapi.json");
    const tag: string = body["paths"][operations]["get"]["tags"][0];
    list = `tillkeeper/tag/${tag.toLowerCase().replaceAll(" ", "-")}/GET${operations}`;
  });
  afterAll(async () => {
    await browser?.close();
    await sandbox?.stop();
  });

  it.each(widths)("can be used by everybody at %i px, fit, and ask nothing of other servers", async (width) => {
    const paths = ["/docs/start", "/sandbox", "/docs", `/docs#${list}`, "/docs/guides/device-protocol", "/docs/errors"];
    for (const path of paths) {
      const { page, outside, errors } = await open(browser, sandbox.httpUrl + path, { width });
      const seen = { path, ...(await usabilityOf(page)), outside, errors };
      expect(seen).toEqual({ path, faults: [], fits: true, outside: [], errors: [] });
      await page.context().close();
    }
  });

  it.each(widths)("send a request that is let in, at %i px", async (width) => {
    const { page, outside, errors } = await open(browser, `${sandbox.httpUrl}/docs#${list}`, { width });
    const operation = page.locator(`[id="${list}"]`);
    await operation.getByRole("button", { name: "Test Request" }).click();
    const answered = page.waitForResponse((answer) => new URL(answer.url()).pathname === operations);
    await page.getByRole("button", { name: "Send get request" }).click();
    const answer = await answered;
    expect({ method: answer.request().method(), status: answer.status() }).toEqual({ method: "GET", status: 200 });
    await page.getByText("200 OK").first().waitFor();
    expect({ outside, errors }).toEqual({ outside: [], errors: [] });
    await page.context().close();
  });

  it("show at once what a first request needs", async () => {
    const { account_id = "", client_secret = "" } = sandbox.sandbox ?? {};
    const { page } = await open(browser, `${sandbox.httpUrl}/docs/start`, { width: 1280 });
    const shown = page.locator("#sandbox");
    await shown.getByText(account_id, { exact: true }).waitFor();
    await shown.getByText(client_secret, { exact: true }).waitFor();
    for (const id of sandbox.sandbox?.terminalIds ?? []) await shown.getByText(id, { exact: true }).waitFor();
    expect(await shown.locator("pre").textContent()).toContain(operations);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await shown.getByRole("button", { name: "Copy the lines" }).click();
    await shown.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate("navigator.clipboard.readText()");
    expect(copied).toMatch(/^TOKEN=.*\nOPERATION=.*\ncurl .*\n$/);
    await page.context().close();
  });

  it("show none of it under a name that only leads here", async () => {
    const { port } = new URL(sandbox.httpUrl);
    const { client_secret = "" } = sandbox.sandbox ?? {};
    // DNS rebinding: a foreign name that resolves to this machine.
    const rebound = await launchBrowser(["--host-resolver-rules=MAP tills.example 127.0.0.1"]);
    try {
      const page = await rebound.newPage();
      const refused = page.waitForResponse((answer) => answer.url().endsWith("/docs/sandbox"));
      await page.goto(`http://tills.example:${port}/docs/start`);
      expect((await refused).status()).toBe(404);
      expect(await page.content()).not.toContain(client_secret);
      expect(await page.locator("#sandbox").textContent()).toContain("Open this page on the server's own machine");
    } finally {
      await rebound.close();
    }
  });

  it("are signed in on no server that is none", async () => {
    const server = await startTestServer();
    try {
      const { page, errors } = await open(browser, `${server.url}/docs`, { width: 1280 });
      expect(await page.getByLabel("Bearer Token").first().inputValue()).toBe("");
      expect(errors).toEqual([]);
      await page.context().close();
    } finally {
      await server.stop();
    }
  });
});
