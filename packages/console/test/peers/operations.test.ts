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

  it("are cancelled while the terminal has not ended them, there and in the list", async () => {
    const { absent } = shop.terminals;
    const ask = () => shop.client.operations.create({ terminal_id: absent, operation: "send_logs" });
    const statusOf = async (id: string) => (await shop.client.operations.get(id)).status;
    const first = await ask();
    const { page, context } = await openTerminal(absent);
    await choose(page, "open_menu");
    await send(page);
    await page.getByRole("button", { name: "Cancel: Send its logs" }).click();
    await expect.poll(() => statusOf(first.id)).toBe("FAILED");
    await expect.poll(() => page.getByRole("button", { name: /^Cancel: / }).count()).toBe(0);
    const second = await ask();
    await page.goto(`${visitor.url}/${shop.accountId}/operations?status=PENDING`);
    await page.getByRole("button", { name: "Cancel: Send its logs" }).click();
    await expect.poll(() => statusOf(second.id)).toBe("FAILED");
    await page.getByText("No operation meets these filters.").waitFor();
    await context.close();
  });

  it("wait for the end of a payment when that is chosen", async () => {
    const { busy } = shop.terminals;
    // A run before this one may have ended it.
    await shop.client.sandbox.controlTerminal(busy, { payment: true });
    const { page, context } = await openTerminal(busy);
    await choose(page, "open_menu");
    await send(page);
    await page.getByRole("status").getByText("Failed").waitFor();
    await page.getByLabel("During a payment").selectOption("wait");
    await send(page);
    await page.getByRole("status").getByText("Under way").waitFor();
    await shop.client.sandbox.controlTerminal(busy, { payment: false });
    await page.getByRole("status").getByText("Done").waitFor();
    expect(await page.getByRole("status").getByText("Failed").count()).toBe(0);
    await shop.client.sandbox.controlTerminal(busy, { payment: true });
    await context.close();
  });

  it("are one long list, of which only what can be seen is in the page", async () => {
    const { good } = shop.terminals;
    const total = async () => {
      const all = [];
      for await (const one of shop.client.operations.list({ limit: 100 })) all.push(one);
      return all;
    };
    for (let more = (await total()).length; more < 230; more += 1)
      await shop.client.operations.run({ terminal_id: good, operation: "open_menu" });
    const all = await total();
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/operations`, { width: 1280 });
    const rows = page.locator("tbody tr[data-index]");
    await rows.first().waitFor();
    expect(await rows.count()).toBeLessThan(60);
    const table = page.getByRole("table", { name: "Operations" });
    // The server has more, so nobody knows how many there are.
    await expect.poll(() => table.getAttribute("aria-rowcount")).toBe("-1");
    await expect
      .poll(async () => {
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
        return table.getAttribute("aria-rowcount");
      })
      .toBe(String(all.length + 1));
    await expect.poll(() => rows.last().getAttribute("aria-rowindex")).toBe(String(all.length + 1));
    expect(await rows.count()).toBeLessThan(60);
    const { faults } = await usability({ page, context, errors: [] });
    expect(faults).toEqual([]);
    // By the keyboard one gets from row to row, as in a short list.
    await page.evaluate("scrollTo(0, 0)");
    await page.locator('tr[data-index="0"] a').focus();
    for (let pressed = 0; pressed < 120; pressed += 1) await page.keyboard.press("Tab");
    const at = await page.evaluate("document.activeElement.closest('tr')?.dataset.index");
    expect(Number(at)).toBeGreaterThan(50);
    // What comes meanwhile is at the top, and nothing is twice.
    await page.evaluate("scrollTo(0, 0)");
    await expect.poll(() => rows.first().getAttribute("data-index")).toBe("0");
    await shop.client.operations.run({ terminal_id: good, operation: "check_update" });
    await rows.first().getByText("Check for an update").waitFor();
    await expect.poll(() => table.getAttribute("aria-rowcount")).toBe(String(all.length + 2));
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
