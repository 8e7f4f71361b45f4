import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

describe("the audit log", () => {
  let browser: Browser;
  let shop: Shop;
  let visitor: Visitor;
  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openShop()]);
    visitor = await visitorOf(browser, shop, "admin");
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });

  it("says who changed what, by filters in the address, and what was before", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/audit`, { width: 1280 });
    const rows = page.locator("tbody tr");
    await rows.first().waitFor();
    // It leads there from every screen.
    await page.getByText("Administration").click();
    await page.getByRole("link", { name: "Audit log" }).click();
    await shop.client.stores.patchConfiguration("market", { auto_end_of_day: { enabled: true, time: "22:15" } });
    await page.getByRole("button", { name: "Look again" }).click();
    const [entry] = (await shop.client.audit.list({ limit: 1 })).entries;
    await page.getByLabel("Action", { exact: true }).fill(entry?.action ?? "");
    await page.getByLabel("Id of what was changed").fill(entry?.subject.id ?? "");
    await page.getByLabel(/^From/).fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Show" }).click();
    await expect.poll(() => rows.count()).toBe(1);
    await page.reload();
    await rows.first().waitFor();
    expect(await page.getByLabel("Action", { exact: true }).inputValue()).toBe(entry?.action);
    expect(await page.getByLabel(/^From/).inputValue()).toBe("2020-01-01T00:00");
    await rows.getByText("Show").click();
    await rows.getByText(/→ .*22:15/).waitFor();
    await rows.getByText(entry?.request_id ?? "").waitFor();
    await page.getByLabel(/^From/).fill("2099-01-01T00:00");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("No change meets these filters.").waitFor();
    await context.close();
  });

  it("has beside it the pages for whoever writes programs, of a sandbox", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/audit`);
    await page.getByText("Administration").click();
    await page.getByText("Developers").waitFor();
    await page.getByRole("banner").getByRole("link", { name: "Sandbox", exact: true }).last().click();
    await expect.poll(() => new URL(page.url()).pathname).toBe("/sandbox");
    await page.goBack();
    await page.getByText("Administration").click();
    await page.getByRole("link", { name: "API reference" }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe("/docs");
    await context.close();
  });

  it("is not offered with them where the server has no sandbox", async () => {
    const { page, context } = await openConsole(browser, visitor, "/sign-in");
    const body = "<h1>This is a Tillkeeper server</h1>";
    await page.route("**/docs/start", (route) => route.fulfill({ contentType: "text/html", body }));
    const answered = page.waitForResponse("**/docs/start");
    await page.goto(`${visitor.url}/${shop.accountId}/audit`);
    await answered;
    await page.getByText("Administration").click();
    await page.getByRole("link", { name: "Audit log" }).waitFor();
    expect(await page.getByText("Developers").count()).toBe(0);
    await context.close();
  });

  it("comes a page at a time", async () => {
    for (let more = (await shop.client.audit.list({ limit: 100 })).entries.length; more <= 50; more += 1)
      await shop.client.stores.patchConfiguration("market", { auto_end_of_day: { time: `21:${10 + (more % 50)}` } });
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/audit`);
    const rows = page.locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(50);
    await page.getByRole("link", { name: "Older changes" }).click();
    await expect.poll(() => rows.count()).toBeLessThan(50);
    await page.getByRole("link", { name: "Newest changes" }).click();
    await expect.poll(() => rows.count()).toBe(50);
    await context.close();
  });

  it.each(looks)("has no faults that a program finds, and fits, %o", async (look) => {
    const opened = await openConsole(browser, visitor, `/${shop.accountId}/audit`, look);
    const { page } = opened;
    await page.locator("tbody summary").first().click();
    await page.getByText("Administration").click();
    await page.getByRole("link", { name: "API clients" }).waitFor();
    // The whole list is on the screen.
    const box = await page.locator("header details[open] > ul").boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(look.width ?? 0);
    expect(await usability(opened)).toEqual({ faults: [], fits: true, errors: [] });
    await opened.context.close();
  });
});
