import { createClient } from "@tillkeeper/sdk";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

describe("API clients", () => {
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

  it("are made with their scopes, and work by the secret that is shown once", async () => {
    const path = `/${shop.accountId}/api-clients`;
    const { page, context } = await openConsole(browser, visitor, path, { width: 1280 });
    await page.getByLabel("Name", { exact: true }).fill("Back office");
    await page.getByText("Choose at least one scope.").waitFor();
    await page.getByLabel("read:accounts", { exact: true }).check();
    await page.getByRole("button", { name: "Make the client" }).click();
    const first = await page.getByLabel("Secret of Back office").inputValue();
    const clientId = await page.getByRole("code").innerText();
    expect(await canRead(clientId, first)).toBe(true);
    await page.getByRole("link", { name: "Back office" }).click();
    await page.getByRole("table", { name: "What it may do (scopes)" }).getByText("read:accounts").waitFor();
    expect(await page.getByLabel("Secret of Back office").count()).toBe(0);

    await page.getByRole("button", { name: "Replace the secret" }).click();
    const second = await page.getByLabel("Secret of Back office").inputValue();
    expect(second).not.toBe(first);
    const secrets = page.getByRole("table", { name: "Secrets" }).locator("tbody tr");
    await expect.poll(() => secrets.count()).toBe(2);
    expect(await canRead(clientId, second)).toBe(true);

    await page.getByRole("button", { name: `Delete the secret …${first.slice(-4)}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete the secret" }).click();
    await expect.poll(() => secrets.count()).toBe(1);
    expect(await canRead(clientId, first)).toBe(false);

    await page.getByRole("button", { name: "End the access" }).click();
    await page.getByRole("dialog", { name: "End the access of Back office to Sandbox?" }).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "End the access" }).click();
    await page.getByRole("heading", { name: "Make an API client" }).waitFor();
    await expect.poll(() => page.getByRole("link", { name: "Back office" }).count()).toBe(0);
    expect(await canRead(clientId, second)).toBe(false);
    await context.close();
  });

  it("cannot be made or ended by an operator, who sees them", async () => {
    const operator = await visitorOf(browser, shop, "operations");
    const { page, context } = await openConsole(browser, operator, `/${shop.accountId}/api-clients`);
    await page.getByRole("table", { name: "API clients" }).getByRole("link").first().click();
    await page.getByRole("table", { name: "Secrets" }).waitFor();
    expect(await page.getByRole("button", { name: "End the access" }).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Replace the secret" }).count()).toBe(0);
    await context.close();
  });

  it.each(looks)("have no faults that a program finds, and fit, %o", async (look) => {
    const [client] = (await shop.client.clients.list()).clients;
    for (const path of ["api-clients", `api-clients/${client?.id}`]) {
      const opened = await openConsole(browser, visitor, `/${shop.accountId}/${path}`, look);
      await opened.page.getByRole("heading", { level: 2 }).first().waitFor();
      await opened.page.getByRole("table").first().waitFor();
      expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
      await opened.context.close();
    }
  });

  async function canRead(clientId: string, clientSecret: string): Promise<boolean> {
    const client = createClient({ url: visitor.url, accountId: shop.accountId, clientId, clientSecret });
    return client.stores.list().then(
      () => true,
      () => false,
    );
  }
});
