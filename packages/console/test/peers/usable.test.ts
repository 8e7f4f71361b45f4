import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fitsItsWidth, launchBrowser } from "../../../server/test/support/browser.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, screenOf, visitorOf } from "../support/shop.ts";

describe("the console", () => {
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

  it("closes a day by the keyboard alone", async () => {
    const { page, context } = await openConsole(browser, visitor, screenOf(shop, "today"), {
      width: 1280,
    });
    await page.getByText("The day is not closed.").waitFor();
    await tabTo(page, "Close the day");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    // The dialog holds the focus, and Escape leaves it without doing anything.
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    expect((await shop.client.closings.list("market")).closings).toEqual([]);
    await tabTo(page, "Close the day");
    await page.keyboard.press("Enter");
    await tabTo(page, "Close the day", "dialog");
    await page.keyboard.press("Enter");
    await page.getByText("1 of 4 closed.").waitFor();
    await tabTo(page, "Reports");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Reports" }).waitFor();
    // Who hears the page hears where it is.
    await expect.poll(() => focused(page)).toBe("Reports");
    await context.close();
  });

  it.each(looks)("has no faults that a program finds, and fits, %o", async (look) => {
    const [closing] = (await shop.client.closings.list("market")).closings;
    const screens = ["today", "reports", `reports/${closing?.id}`, "terminals", "details"];
    for (const path of [
      "/sign-in",
      ...screens.map((name) => screenOf(shop, name)),
      `/${shop.accountId}/nothing/here`,
    ]) {
      const opened = await openConsole(browser, visitor, path, look);
      await opened.page.getByRole("heading", { level: 1 }).waitFor();
      await opened.page.waitForTimeout(500);
      expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
      await opened.context.close();
    }
  });

  it.each(["en-GB", "nb-NO", "sv-SE", "da-DK"])(
    "fits a phone with the words of %s, its header in two lines",
    async (locale) => {
      for (const path of [screenOf(shop, "today"), screenOf(shop, "details"), `/${shop.accountId}/operations`]) {
        const { page, context } = await openConsole(browser, visitor, path, { locale });
        await page.getByRole("heading", { level: 1 }).waitFor();
        const tops = await page
          .locator("header nav > *")
          .evaluateAll((shown) => shown.map((element) => element.getBoundingClientRect().top));
        expect({ path, fits: await fitsItsWidth(page), lines: new Set(tops).size }).toEqual({
          path,
          fits: true,
          lines: 1,
        });
        await context.close();
      }
    },
  );

  it("tells whoever may not change the store why the button is off", async () => {
    const seller = await visitorOf(browser, shop, "store");
    const { page, context } = await openConsole(browser, seller, screenOf(shop, "details"));
    const why = page.getByText("Your role does not let you change the store.").first();
    await why.waitFor();
    expect(await why.isVisible()).toBe(true);
    await context.close();
  });
});

/** Presses Tab until the element with this name has the focus. Fails when it is not reached within a round. */
async function tabTo(page: Page, name: string, within = "body"): Promise<void> {
  for (let pressed = 0; pressed < 60; pressed += 1) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(`document.activeElement.closest(${JSON.stringify(within)}) !== null`);
    if (inside && (await focused(page)) === name) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.textContent.trim()");
}
