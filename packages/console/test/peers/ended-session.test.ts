import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { openConsole, type Visitor } from "../support/session.ts";
import { openShop, type Shop, screenOf, visitorOf } from "../support/shop.ts";

describe("a session that is ended elsewhere", () => {
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

  it("leaves nothing to be seen in the browser, with a network and without", async () => {
    const { page, context } = await openConsole(browser, visitor, screenOf(shop, "today"));
    const today = page.getByRole("heading", { name: "Oslo Centre" });
    await today.waitFor();
    await page.evaluate("navigator.serviceWorker.ready");
    await page.reload();
    await today.waitFor();
    // Without a network the session is as good as it was.
    await context.setOffline(true);
    await page.reload();
    await today.waitFor();
    await context.setOffline(false);

    // Another page of the same browser, as far as the server knows.
    const signOut = 'fetch("/v1/auth/sign-out", { method: "POST" }).then(({ status }) => status)';
    expect(await page.evaluate(signOut)).toBe(204);
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await expect.poll(() => new URL(page.url()).search).toContain("today");
    await context.setOffline(true);
    await page.goto(`${visitor.url}${screenOf(shop, "today")}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await today.count()).toBe(0);
    await context.close();
  });
});
