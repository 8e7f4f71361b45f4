import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { openConsole, type Visitor } from "../support/session.ts";
import { openShop, type Shop, screenOf, visitorOf } from "../support/shop.ts";

/** What stands above a day that is closed on all terminals. Virtual terminals go on trading, and may have sold since. */
const allClosed =
  /^Everything is closed\. There is nothing to do\.$|^Everything was closed, and \d+ terminals? sold since\.$/;

describe("the close of a day on a phone", () => {
  let browser: Browser;
  let shop: Shop;
  let visitor: Visitor;
  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openShop()]);
    visitor = await visitorOf(browser, shop, "store");
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });
  /** The row of a terminal, by its number. */
  const row = (page: Page, number: number) => page.getByRole("listitem").filter({ hasText: `Terminal ${number}` });

  it("goes by one button, and each terminal says what to do, also when that changes", async () => {
    const { page, errors } = await openConsole(browser, visitor, screenOf(shop, "today"));
    await page.getByText("The day is not closed.").waitFor();
    await row(page, 4).getByText("Switch the terminal on").waitFor();
    // The amounts are what the terminals tell, and the question names store and amount.
    await page.getByRole("button", { name: "Close the day" }).click();
    const asks = page.getByRole("dialog", { name: /^Close .+ at Oslo Centre\?$/ });
    await asks.getByText(/NOK\s[\d,]+\.\d\d/).waitFor();
    await asks.getByRole("button", { name: "Close the day" }).click();

    await row(page, 1).getByText("Closed").waitFor();
    await row(page, 3).getByText("A customer is paying.").waitFor();
    await row(page, 4).getByText("It is then closed by itself.").waitFor();
    await row(page, 2).getByText("the payment host was not reached").waitFor();
    await page.getByText("1 of 4 closed. 3 terminals are still being closed.").waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Close what is missing" }).isDisabled()).toBe(true);
    await page.getByText("It is being closed already.").waitFor();

    // Nothing on the page is pressed any more: what happens in the store comes by the stream of events.
    const { sandbox } = shop.client;
    await sandbox.controlTerminal(shop.terminals.busy, { payment: false });
    await row(page, 3).getByText("Closed").waitFor();
    await sandbox.controlTerminal(shop.terminals.absent, { link: "up" });
    await row(page, 4).getByText("Closed").waitFor();
    await sandbox.controlTerminal(shop.terminals.failing, { fault: "none" });
    // The server tries again by itself, a minute later.
    await sandbox.moveClock({ advance: "PT2M" });
    await page.getByText(allClosed).waitFor();

    const [closing] = (await shop.client.closings.list("market")).closings;
    const [total] = closing?.totals ?? [];
    const sales = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2 }).format((total?.sale_amount ?? 0) / 100);
    await page.getByRole("region", { name: "Sums of what is closed" }).getByText(sales).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("can be read without a network afterwards, and says how old it is", async () => {
    const { page, context } = await openConsole(browser, visitor, screenOf(shop, "today"));
    await page.getByText(allClosed).waitFor();
    await page.evaluate("navigator.serviceWorker.ready");
    await page.reload();
    await page.getByText(allClosed).waitFor();
    await context.setOffline(true);
    // Also on a page that is opened only now.
    await page.reload();
    await page.getByText(allClosed).waitFor();
    await page.getByText(/You are offline\. This is how it stood at/).waitFor();
    await page.getByText("You are offline. Closing needs a network.").waitFor();
    await context.setOffline(false);
    await expect.poll(() => page.getByText("You are offline").count()).toBe(0);
    await context.close();
  });

  it("speaks the reader's language", async () => {
    for (const [locale, words] of Object.entries({
      "nb-NO": /^Alt er avsluttet\. Det er ingenting å gjøre\.$|^Alt ble avsluttet, og /,
      "sv-SE": /^Allt är avslutat\. Det finns inget att göra\.$|^Allt avslutades, och /,
      "da-DK": /^Alt er afsluttet\. Der er ikke noget at gøre\.$|^Alt blev afsluttet, og /,
    })) {
      const { page, context } = await openConsole(browser, visitor, screenOf(shop, "today"), { locale });
      await page.getByText(words).waitFor();
      expect(await page.locator("html").getAttribute("lang")).toBe(locale.slice(0, 2));
      await context.close();
    }
  });
});
