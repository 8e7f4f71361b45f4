import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { acceptInvitation, looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

describe("the people of an account", () => {
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

  const userOf = async (email: string) => (await shop.client.users.list()).users.find((user) => user.email === email);

  it("are invited by a link that is shown once and can be copied", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/people`, { width: 1280 });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByText("An e-mail address and a name are needed.").waitFor();
    await page.getByLabel("E-mail").fill("ola@kiosk.example");
    await page.getByLabel("Name").fill("Ola Hansen");
    await page.getByText("Choose at least one store.").waitFor();
    await page.getByLabel("Oslo Centre").check();
    await page.getByRole("button", { name: "Invite" }).click();
    const link = await page.getByLabel("Link for Ola Hansen").inputValue();
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByText("Copied.").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(link);
    const row = page.getByRole("row", { name: /Ola Hansen/ });
    await row.getByText("Invited").waitFor();
    await row.getByText("Oslo Centre").waitFor();
    // The form is empty again, and a reload does not bring the link back.
    expect(await page.getByLabel("E-mail").inputValue()).toBe("");
    await page.reload();
    await row.waitFor();
    expect(await page.getByLabel("Link for Ola Hansen").count()).toBe(0);
    await context.close();

    const ola = await acceptInvitation(browser, link);
    const theirs = await openConsole(browser, ola, `/${shop.accountId}`);
    await theirs.page.getByText("Oslo Centre").first().waitFor();
    await theirs.context.close();
  });

  it("who exist already are not invited twice, and the server's answer says so", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/people`);
    await page.getByLabel("E-mail").fill("admin@kiosk.example");
    await page.getByLabel("Name").fill("Somebody Else");
    await page.getByLabel("Role").selectOption("operations");
    await page.getByRole("button", { name: "Invite" }).click();
    await page.getByRole("alert").getByText("Look at how it stands now, then try again.").waitFor();
    expect((await userOf("admin@kiosk.example"))?.role).toBe("admin");
    await context.close();
  });

  it("get another role, and lose their access at once", async () => {
    const user = await shop.client.users.create({ email: "per@kiosk.example", name: "Per Berg", role: "operations" });
    const { link } = await shop.client.users.createLink(user.id, { purpose: "invitation" });
    const per = await acceptInvitation(browser, link);
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/people`);
    await page.getByRole("link", { name: "Per Berg" }).click();
    // The language of the person's own console stands in the bar at the top.
    const main = page.getByRole("main");
    await page.getByLabel("Role").selectOption("store");
    await page.getByLabel("Oslo Centre").check();
    await main.getByLabel("Language").selectOption("nb");
    await page.getByRole("button", { name: "Save" }).click();
    await page
      .getByText("Saved.")
      .or(page.getByRole("heading", { name: "Per Berg" }))
      .first()
      .waitFor();
    await expect.poll(() => userOf("per@kiosk.example")).toMatchObject({ role: "store", language: "nb" });
    await page.getByRole("button", { name: "Make a link for a new password" }).click();
    expect(await page.getByLabel("Link for Per Berg").inputValue()).toContain("/sign-in/link#");

    const limited = await openConsole(browser, per, `/${shop.accountId}/people`);
    await limited.page.getByRole("heading", { level: 1 }).waitFor();
    expect(await limited.page.getByRole("table").count()).toBe(0);
    await limited.context.close();

    await page.getByRole("button", { name: "End the access" }).click();
    await page.getByRole("dialog", { name: "End the access of Per Berg to Sandbox?" }).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "End the access" }).click();
    await page.getByRole("table", { name: "People" }).waitFor();
    await expect.poll(() => page.getByRole("row", { name: /Per Berg/ }).count()).toBe(0);
    expect(await userOf("per@kiosk.example")).toBeUndefined();
    const ended = await openConsole(browser, per, `/${shop.accountId}`);
    // Who belongs to no account has no session either.
    await ended.page.getByRole("button", { name: "Sign in" }).waitFor();
    await ended.context.close();
    await context.close();
  });

  it("cannot leave the account without an administrator", async () => {
    const admin = await userOf("admin@kiosk.example");
    // A sandbox has an administrator of its own.
    const { users } = await shop.client.users.list();
    for (const { id, role } of users) if (role === "admin" && id !== admin?.id) await shop.client.users.delete(id);
    const path = `/${shop.accountId}/people/${admin?.id}`;
    const { page, context } = await openConsole(browser, visitor, path);
    await page.getByRole("button", { name: "End the access" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End the access" }).click();
    await page.getByRole("alert").waitFor();
    expect(await userOf("admin@kiosk.example")).toBeDefined();
    await context.close();
  });

  it("see where they are signed in, and end what they do not know", async () => {
    const user = await userOf("admin@kiosk.example");
    const { link } = await shop.client.users.createLink(user?.id ?? "", { purpose: "reset" });
    // A new password ends all other sessions; the two after it are of the same person.
    const first = await acceptInvitation(browser, link);
    visitor = first;
    const { page: second, context: elsewhere } = await openConsole(browser, { url: first.url }, "/sign-in");
    await second.getByLabel("E-mail").fill("admin@kiosk.example");
    await second.locator("input[name=password]").fill("five small blue boats");
    await second.getByRole("button", { name: "Sign in" }).click();
    await second.waitForURL(/\/[PT]\d{8}/);

    const { page, context } = await openConsole(browser, first, `/${shop.accountId}/you`, { width: 1280 });
    const sessions = page.getByRole("table", { name: "Where you are signed in" });
    await expect.poll(() => sessions.locator("tbody tr").count()).toBe(2);
    await sessions.getByRole("button", { name: /^End the session of/ }).click();
    await expect.poll(() => sessions.locator("tbody tr").count()).toBe(1);
    await sessions.getByText("This one").waitFor();
    expect(await second.evaluate("fetch('/v1/session').then(({ status }) => status)")).toBe(401);
    await elsewhere.close();
    await context.close();
  });

  it.each(looks)("have no faults that a program finds, and fit, %o", async (look) => {
    const user = await userOf("admin@kiosk.example");
    for (const path of ["people", `people/${user?.id}`]) {
      const opened = await openConsole(browser, visitor, `/${shop.accountId}/${path}`, look);
      await opened.page.getByRole("heading", { level: 2 }).first().waitFor();
      if (path === "people") {
        await opened.page.getByLabel("Oslo Centre").waitFor();
      } else {
        await opened.page.getByRole("button", { name: "Make a link for a new password" }).click();
        await opened.page.getByLabel("Link for Kari Nordmann").waitFor();
      }
      expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
      await opened.context.close();
    }
  });
});
