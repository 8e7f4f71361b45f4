import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

describe("operations", () => {
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

  const openTerminal = (terminal: string) => openConsole(browser, visitor, `/${shop.accountId}/terminals/${terminal}`);
  const choose = (page: Page, operation: string) =>
    page.getByLabel("Operation", { exact: true }).selectOption(operation);
  const send = (page: Page) => page.getByRole("button", { name: "Send", exact: true }).click();

  it("are sent from the terminal's screen, which shows how they end; a close asks first", async () => {
    const { good } = shop.terminals;
    const { page, context } = await openTerminal(good);
    await page.getByText("Choose an operation first.").waitFor();
    await choose(page, "end_of_day");
    await send(page);
    const dialog = page.getByRole("dialog", { name: /^Close the day of terminal \d+ at Oslo Centre\?$/ });
    await dialog.getByText("NOK").waitFor();
    await dialog.getByRole("button", { name: "Not now" }).click();
    const { body: none } = await shop.client.operations.list.withResponse({ terminal_id: good });
    expect(none.filter(({ operation }) => operation === "end_of_day")).toEqual([]);
    await send(page);
    await dialog.getByRole("button", { name: "Close its day" }).click();
    await page.getByRole("status").getByText("Done").waitFor();
    const [close] = (await shop.client.operations.list.withResponse({ terminal_id: good })).body;
    expect(close).toMatchObject({ operation: "end_of_day", status: "COMPLETED", created_by_name: "Kari Nordmann" });
    await context.close();
  });

  it("say what to do when they fail", async () => {
    const { page, context } = await openTerminal(shop.terminals.failing);
    await choose(page, "end_of_day");
    await send(page);
    await page.getByRole("dialog").getByRole("button", { name: "Close its day" }).click();
    const progress = page.getByRole("status");
    await progress.getByText("Failed").waitFor();
    await progress.getByText("the payment host was not reached").waitFor();
    await progress.getByText("What to do").waitFor();
    const [last] = (await shop.client.operations.list.withResponse({ terminal_id: shop.terminals.failing })).body;
    expect(last).toMatchObject({ status: "FAILED", reason: "host_unreachable" });
    await context.close();
  });

  it("are refused while another one is under way, which is shown until it has ended", async () => {
    const { absent } = shop.terminals;
    const pending = await shop.client.operations.create({ terminal_id: absent, operation: "send_logs", timeout: 15 });
    const { page, context } = await openTerminal(absent);
    await choose(page, "open_menu");
    await send(page);
    const progress = page.getByRole("status").filter({ hasText: "The terminal is busy with this" });
    await progress.getByText("Send its logs").waitFor();
    await progress.getByText("Under way").waitFor();
    await progress.getByText(await nameOf(pending.id)).waitFor();
    await progress.getByText("No answer in time").waitFor();
    const { body: all } = await shop.client.operations.list.withResponse({ terminal_id: absent });
    expect(all.map(({ operation }) => operation)).not.toContain("open_menu");
    await context.close();
  });

  it("are listed as they come, by filters in the address, and lead to their terminals", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/operations`, { width: 1280 });
    const rows = page.locator("tbody tr");
    await rows.first().waitFor();
    const before = await rows.count();
    await shop.client.operations.create({ terminal_id: shop.terminals.good, operation: "open_menu" });
    await expect.poll(() => rows.count()).toBe(before + 1);
    await page.getByLabel("Operation", { exact: true }).selectOption("open_menu");
    await page.getByLabel("Status").selectOption("COMPLETED");
    await page.getByLabel("Id of the terminal").fill(shop.terminals.good);
    await page.getByRole("button", { name: "Show" }).click();
    await expect.poll(() => rows.count()).toBe(1);
    await page.reload();
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
    expect(await page.getByLabel("Operation", { exact: true }).inputValue()).toBe("open_menu");
    expect(await page.getByLabel("Id of the terminal").inputValue()).toBe(shop.terminals.good);
    await rows.getByRole("link").click();
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/${shop.accountId}/terminals/${shop.terminals.good}`);
    await context.close();
  });

  it("come a page at a time", async () => {
    const { good } = shop.terminals;
    const known = (await shop.client.operations.list.withResponse({ limit: 100 })).body.length;
    for (let more = known; more <= 50; more += 1)
      await shop.client.operations.run({ terminal_id: good, operation: "open_menu" });
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/operations?terminal=${good}x`);
    await page.getByText("No operation meets these filters.").waitFor();
    await page.goto(`${visitor.url}/${shop.accountId}/operations`);
    await expect.poll(() => page.locator("tbody tr").count()).toBe(50);
    await page.getByRole("link", { name: "Older operations" }).click();
    await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
    await page.getByRole("link", { name: "Newest operations" }).click();
    await expect.poll(() => page.locator("tbody tr").count()).toBe(50);
    await context.close();
  });

  it.each(looks)("have no faults that a program finds, and fit, %o", async (look) => {
    for (const path of ["operations", "operations?status=FAILED"]) {
      const opened = await openConsole(browser, visitor, `/${shop.accountId}/${path}`, look);
      await opened.page.locator("tbody tr, p.panel").first().waitFor();
      expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
      await opened.context.close();
    }
    // The form with an answer under it, and its question.
    const path = `terminals/${shop.terminals.failing}`;
    const opened = await openConsole(browser, visitor, `/${shop.accountId}/${path}`, look);
    await choose(opened.page, "check_update");
    await send(opened.page);
    await opened.page.getByRole("status").getByText("Done").waitFor();
    expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
    await choose(opened.page, "end_of_day");
    await send(opened.page);
    await opened.page.getByRole("dialog").waitFor();
    expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
    await opened.context.close();
  });

  async function nameOf(id: string): Promise<string> {
    const { created_by, created_by_name } = await shop.client.operations.get(id);
    return created_by_name ?? created_by;
  }
});
