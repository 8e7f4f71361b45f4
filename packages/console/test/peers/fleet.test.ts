import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

describe("the account's terminals", () => {
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

  it("are filtered by the address, and a reload keeps the filters", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/terminals`, { width: 1280 });
    const rows = page.locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(4);
    const one = await shop.client.terminals.get(shop.terminals.failing);
    await page.getByLabel("Id, serial number, model or store").fill(one.device_serial_number);
    await page.getByLabel("Status").selectOption("ACTIVE");
    await page.getByRole("button", { name: "Show" }).click();
    await expect.poll(() => rows.count()).toBe(1);
    await page.reload();
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
    expect(await page.getByLabel("Id, serial number, model or store").inputValue()).toBe(one.device_serial_number);
    expect(await page.getByLabel("Status").inputValue()).toBe("ACTIVE");
    await page.getByLabel("Status").selectOption("ERROR");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("No terminal meets these filters.").waitFor();
    await context.close();
  });

  it("are found by a number as it was typed into the address", async () => {
    for (const typed of ["12345678901234567890", "007", "true", "4"]) {
      const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/terminals?search=${typed}`);
      await page.locator("tbody tr, p.panel").first().waitFor();
      expect(await page.getByLabel("Id, serial number, model or store").inputValue()).toBe(typed);
      await context.close();
    }
  });

  it("are told of one by one, and what happens comes by itself", async () => {
    const { good } = shop.terminals;
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/terminals/${good}`);
    await page.getByRole("table", { name: "What happened" }).waitFor();
    const { id } = await shop.client.operations.create({ terminal_id: good, operation: "send_logs" });
    const { entries } = await shop.client.timeline.ofTerminal(good);
    const asked = entries.find(({ type, operation }) => type === "operation_accepted" && operation?.id === id);
    expect(asked).toBeDefined();
    await expect.poll(() => page.getByText(asked?.text ?? "").count()).toBe(1);
    await context.close();
  });

  it("show what was around a time in the store, which the address has", async () => {
    const { good } = shop.terminals;
    const path = `/${shop.accountId}/terminals/${good}?around=2020-01-01T12:00`;
    const { page, context } = await openConsole(browser, visitor, path);
    expect(await page.getByLabel("Around this time").inputValue()).toBe("2020-01-01T12:00");
    await page.getByRole("link", { name: "Newest entries" }).click();
    await page.locator("tbody tr").first().waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe("");
    await context.close();
  });

  it("are told of when their store was deleted", async () => {
    const store = await shop.client.stores.create({ store_id: "gone", store_name: "Gone" });
    const serial = `SIMULATED-${shop.accountId}-009`;
    const made = await shop.client.terminals.create({ store_id: store.id, device_serial_number: serial });
    await shop.client.terminals.delete(made.terminal_id);
    await shop.client.stores.delete(store.id);
    const path = `/${shop.accountId}/terminals/${made.terminal_id}`;
    const { page, context } = await openConsole(browser, visitor, path);
    await page.getByText("gone, which was deleted").waitFor();
    await page.getByRole("table", { name: "What happened" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    await context.close();
  });

  it("are not there for whoever sees named stores only", async () => {
    const seller = await visitorOf(browser, shop, "store");
    const screens = [
      "terminals",
      `terminals/${shop.terminals.good}`,
      "operations",
      "people",
      "api-clients",
      "webhooks",
    ];
    for (const path of [...screens, "audit"]) {
      const { page, context } = await openConsole(browser, seller, `/${shop.accountId}/${path}`);
      await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
      expect(await page.getByRole("table").count()).toBe(0);
      expect(await page.getByRole("link", { name: "All terminals" }).count()).toBe(0);
      expect(await page.getByText("Administration").count()).toBe(0);
      await context.close();
    }
  });

  it.each(looks)("have no faults that a program finds, and fit, %o", async (look) => {
    for (const path of ["terminals", "terminals?status=ERROR", `terminals/${shop.terminals.good}`]) {
      const opened = await openConsole(browser, visitor, `/${shop.accountId}/${path}`, look);
      await opened.page.locator("tbody tr, p.panel").first().waitFor();
      expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
      await opened.context.close();
    }
  });
});
