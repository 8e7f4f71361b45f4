import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
    // All of it happened long ago.
    await server.db.pool.query("update events set placed_at = placed_at - interval '31 seconds'");
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
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
    const shown = page.getByRole("listitem").filter({ hasText: "Terminal 1" });
    const below = `stores/${store}`;
    expect(await readBy(page, { screen: `${below}/${name}`, shown, below })).toEqual(read.toSorted());
    await context.close();
  });

  it("reads each thing once: a terminal", async () => {
    const { page, context } = await openConsole(browser, visitor, "/about:blank");
    const below = `terminals/${terminal}`;
    const shown = page.getByText("123456789012");
    const asked = await readBy(page, { screen: below, shown, below });
    expect(asked).toEqual(["", "/pairing-codes", "/presence", "/timeline"]);
    await context.close();
  });

  it("shows what happened after it was read, and before the stream of events was there", async () => {
    const of = `/v1/accounts/${tenant.aid}/stores/S312`;
    await server.call("POST", `${of}/resume`, tenant);
    const { page, context } = await openConsole(browser, visitor, "/about:blank");
    let letThrough = () => {};
    const held = new Promise<void>((resolve) => (letThrough = resolve));
    await page.route("**/events", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${visitor.url}/${tenant.aid}/stores/${store}/today`);
    await page.getByRole("listitem").filter({ hasText: "Terminal 1" }).waitFor();
    expect(await page.getByText("This store is suspended").count()).toBe(0);
    await server.call("POST", `${of}/suspend`, tenant);
    const stream = atStream(page);
    letThrough();
    await stream;
    await page.getByText("This store is suspended").waitFor();
    await context.close();
  });
});
