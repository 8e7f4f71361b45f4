import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { acceptInvitation, openConsole, type Visitor } from "../support/session.ts";

describe("a screen that is opened", () => {
  let browser: Browser;
  let server: TestServer;
  let tenant: Tenant;
  let visitor: Visitor;
  let store: string;
  let terminal: string;
  beforeAll(async () => {
    [browser, server] = await Promise.all([launchBrowser(), startTestServer({})]);
    tenant = await server.account();
    const account = `/v1/accounts/${tenant.aid}`;
    const post = async (path: string, body: object) =>
      (await server.call("POST", `${account}${path}`, { ...tenant, body })).body;
    store = (await post("/stores", { store_id: "S312", store_name: "Bergen" })).id;
    const { terminal_id } = await post("/terminals", { device_serial_number: "123456789012", store_id: "S312" });
    terminal = terminal_id;
    const user = await post("/users", { email: "kari@kiosk.example", name: "Kari Nordmann", role: "operations" });
    const { link } = await post(`/users/${user.id}/links`, { purpose: "invitation" });
    visitor = await acceptInvitation(browser, link);
    await longAgo();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  const call = (action: "suspend" | "resume") =>
    server.call("POST", `/v1/accounts/${tenant.aid}/stores/S312/${action}`, tenant);
  /** All that has happened happened long ago. */
  const longAgo = () => server.db.pool.query("update events set placed_at = placed_at - interval '31 seconds'");
  const row = (page: Page) => page.getByRole("listitem").filter({ hasText: "Terminal 1" });
  const atStream = (page: Page) => page.waitForResponse((answer) => new URL(answer.url()).pathname.endsWith("/events"));

  /** Opens a screen, and gives what it asks for below an address. */
  const readBy = async (page: Page, { screen, shown, below }: { screen: string; shown: Locator; below: string }) => {
    const start = `/v1/accounts/${tenant.aid}/${below}`;
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith(start)) asked.push(pathname.slice(start.length));
    });
    const stream = atStream(page);
    await page.goto(`${visitor.url}/${tenant.aid}/${screen}`);
    await shown.waitFor();
    await stream;
    // What the stream has read anew is asked for at once.
    await page.waitForTimeout(1_000);
    return asked.toSorted();
  };

  it.each([
    ["today", ["", "/configuration", "/closings/preview"]],
    ["terminals", ["", "/configuration", "/presence"]],
  ])("reads each thing once: %s", async (name, read) => {
    const { page, context } = await openConsole(browser, visitor, "/about:blank");
    const shown = row(page);
    const below = `stores/${store}`;
    expect(await readBy(page, { screen: `${below}/${name}`, shown, below })).toEqual(read.toSorted());
    await context.close();
  });

  it("reads each thing once: a terminal", async () => {
    const { page, context } = await openConsole(browser, visitor, "/about:blank");
    const below = `terminals/${terminal}`;
    const shown = page.getByText("123456789012", { exact: true });
    const asked = await readBy(page, { screen: below, shown, below });
    expect(asked).toEqual(["", "/pairing-codes", "/presence", "/timeline"]);
    await context.close();
  });

  it("reads anew what it kept from an earlier visit, as no event tells of what happened meanwhile", async () => {
    await call("resume");
    const { page, context } = await openConsole(browser, visitor, `/${tenant.aid}/stores/${store}/today`);
    await row(page).waitFor();
    await page.close();
    await call("suspend");
    await longAgo();
    const again = await context.newPage();
    await again.goto(`${visitor.url}/${tenant.aid}/stores/${store}/today`);
    await again.getByText("This store is suspended").waitFor();
    expect(await row(again).count()).toBe(1);
    await context.close();
  });

  it("reads once more what was being read when an event came", async () => {
    await call("resume");
    await longAgo();
    const { page, context } = await openConsole(browser, visitor, "/about:blank");
    let letThrough = () => {};
    const held = new Promise<void>((resolve) => (letThrough = resolve));
    let asked = 0;
    await page.route("**/presence?*", async (route) => {
      asked += 1;
      // As the browser itself says it, without which a cookie does not count.
      const headers = { ...route.request().headers(), "sec-fetch-site": "same-origin" };
      const answer = await route.fetch({ headers });
      if (asked === 1) await held;
      await route.fulfill({ response: answer });
    });
    const stream = atStream(page);
    await page.goto(`${visitor.url}/${tenant.aid}/stores/${store}/terminals`);
    await stream;
    await vi.waitUntil(() => asked === 1);
    const body = { device_serial_number: nextSerial(), store_id: "S312" };
    const { terminal_id } = (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body }))
      .body;
    // Its event has come when the answer from before it is let through.
    await page.waitForTimeout(1_000);
    letThrough();
    const added = `Terminal ${Number(terminal_id.slice(-4))}`;
    await page.getByRole("listitem").filter({ hasText: added }).waitFor();
    expect(asked).toBe(2);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  });

  it("shows what happened after it was read, and before the stream of events was there", async () => {
    await call("resume");
    const { page, context } = await openConsole(browser, visitor, "/about:blank");
    let letThrough = () => {};
    const held = new Promise<void>((resolve) => (letThrough = resolve));
    await page.route("**/events", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${visitor.url}/${tenant.aid}/stores/${store}/today`);
    await row(page).waitFor();
    expect(await page.getByText("This store is suspended").count()).toBe(0);
    await call("suspend");
    const stream = atStream(page);
    letThrough();
    await stream;
    await page.getByText("This store is suspended").waitFor();
    await context.close();
  });
});
