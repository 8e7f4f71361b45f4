import { world } from "@tillkeeper/stage/world";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { codeOf, password, peopleOf } from "../../../server/test/support/people.ts";
import { scan } from "../support/scan.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";

describe("a person's own sign-in", async () => {
  const stage = await world({ own: {} });
  const { server, aid } = stage;
  const { person, asAdmin } = peopleOf(stage);
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** The browser of a person who is signed in by a cookie. */
  const visitorOf = ({ cookie }: { cookie: string }): Visitor => {
    const [name = "", value = ""] = cookie.split("=");
    const { hostname: domain } = new URL(server.url);
    const rest = { domain, path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Strict" as const };
    return { url: server.url, state: { cookies: [{ name, value, ...rest }], origins: [] } };
  };
  const signIn = async (page: Page, email: string, code?: string) => {
    await page.getByLabel("E-mail address").fill(email);
    await page.locator('input[name="password"]').fill(password);
    const button = page.getByRole("button", { name: "Sign in", exact: true });
    await button.click();
    if (code === undefined) return;
    await page.getByLabel("Code of your authenticator").fill(code);
    await button.click();
  };
  /** Begins with the password; the answer is the secret that the page shows. */
  const begin = async (page: Page) => {
    const section = page.getByRole("region", { name: "Authenticator" });
    await section.locator('input[name="password"]').fill(password);
    await section.getByRole("button", { name: "Set up an authenticator" }).click();
    return page.getByLabel("Key of the authenticator").inputValue();
  };

  it("gets an authenticator on a phone by its QR code, and signs in with it and with a recovery code", async () => {
    const user = await person("operations");
    const { page, context, errors } = await openConsole(browser, visitorOf(user), `/${aid}`, { width: 360 });
    await page.getByText(/^Kari \d+$/).click();
    await page.getByRole("link", { name: "Your sign-in" }).click();
    await page.getByRole("heading", { name: "Your sign-in", level: 1 }).waitFor();
    const secret = await begin(page);
    expect(await scan(page, "QR code of the authenticator")).toContain(`secret=${secret}`);
    expect(await page.getByRole("link", { name: "open it in the app" }).getAttribute("href")).toMatch(/^otpauth:/);

    await page.getByLabel("Code of your authenticator").fill("000000");
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByRole("alert").getByText("The code is wrong").waitFor();
    await page.getByLabel("Code of your authenticator").fill(codeOf(secret));
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByRole("heading", { name: "The authenticator is on. Keep your recovery codes." }).waitFor();
    const codes = await page.locator("ol code").allTextContents();
    expect(new Set(codes).size).toBe(10);
    expect(await page.getByLabel("Recovery codes").inputValue()).toBe(codes.join(" "));
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByText("10 recovery codes are left.").waitFor();
    await page.reload();
    await page.getByText("10 recovery codes are left.").waitFor();
    expect(await page.locator("ol code").count()).toBe(0);
    // The refused code is an error that the browser notes, too.
    expect(errors.filter((text) => !text.includes("401"))).toEqual([]);
    await context.close();

    const phone = await openConsole(browser, server, "/sign-in", { width: 360 });
    await signIn(phone.page, user.email, codeOf(secret, 1));
    await phone.page.waitForURL(new RegExp(`/${aid}`));
    await phone.context.close();
    const lost = await openConsole(browser, server, "/sign-in", { width: 360 });
    await signIn(lost.page, user.email, codes[0] ?? "");
    await lost.page.waitForURL(new RegExp(`/${aid}`));
    await lost.page.goto(`${server.url}/${aid}/you`);
    await lost.page.getByText("9 recovery codes are left.").waitFor();

    await lost.page.getByText("Turn it off", { exact: true }).click();
    const section = lost.page.getByRole("region", { name: "Authenticator" });
    await section.locator('input[name="password"]').fill(password);
    await section.getByLabel("Code of your authenticator").fill(codes[1] ?? "");
    await section.getByRole("button", { name: "Turn the authenticator off" }).click();
    await section.getByText("Off", { exact: true }).waitFor();
    await lost.context.close();
    const plain = await openConsole(browser, server, "/sign-in");
    await signIn(plain.page, user.email);
    await plain.page.waitForURL(new RegExp(`/${aid}`));
    await plain.context.close();
  });

  it("is got back by an admin, who ends the authenticator of somebody who lost it", async () => {
    const [user, admin] = [await person("operations"), await person("admin")];
    const own = await openConsole(browser, visitorOf(user), `/${aid}/you`);
    const secret = await begin(own.page);
    await own.page.getByLabel("Code of your authenticator").fill(codeOf(secret));
    await own.page.getByRole("button", { name: "Turn it on" }).click();
    await own.page.getByRole("button", { name: "I have kept them" }).waitFor();
    await own.context.close();

    const { page, context } = await openConsole(browser, visitorOf(admin), `/${aid}/people/${user.id}`);
    await page.getByRole("button", { name: "End the authenticator" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End the authenticator" }).click();
    await page.getByText(/^Done\./).waitFor();
    await context.close();
    const plain = await openConsole(browser, server, "/sign-in");
    await signIn(plain.page, user.email);
    await plain.page.waitForURL(new RegExp(`/${aid}`));
    expect(await plain.page.getByLabel("Code of your authenticator").count()).toBe(0);
    await plain.context.close();
  });

  it("gets another password, which ends the other sessions", async () => {
    const user = await person("admin");
    const { page, context } = await openConsole(browser, visitorOf(user), `/${aid}/you`);
    const elsewhere = await openConsole(browser, server, "/sign-in");
    await signIn(elsewhere.page, user.email);
    await elsewhere.page.waitForURL(new RegExp(`/${aid}`));
    const section = page.getByRole("region", { name: "Another password" });
    await section.locator('input[name="password"]').fill("wrong words");
    await section.locator('input[name="new-password"]').fill("six large red boats");
    await section.getByRole("button", { name: "Change the password" }).click();
    await section.getByRole("alert").waitFor();
    await section.locator('input[name="password"]').fill(password);
    await section.getByRole("button", { name: "Change the password" }).click();
    await section.getByText("Saved.").waitFor();
    expect(await elsewhere.page.evaluate("fetch('/v1/session').then(({ status }) => status)")).toBe(401);
    await elsewhere.context.close();
    await context.close();
  });

  it("is shown in four languages", async () => {
    const user = await person("operations");
    for (const [locale, title] of [
      ["en-GB", "Your sign-in"],
      ["nb-NO", "Innloggingen din"],
      ["sv-SE", "Din inloggning"],
      ["da-DK", "Dit login"],
    ] as const) {
      const { page, context } = await openConsole(browser, visitorOf(user), `/${aid}/you`, { locale });
      await page.getByRole("heading", { name: title, level: 1 }).waitFor();
      expect(await page.locator("html").getAttribute("lang")).toBe(locale.slice(0, 2));
      await context.close();
    }
  });

  it.each(looks)("has no faults that a program finds, and fits, %o", async (look) => {
    const user = await person("operations");
    const opened = await openConsole(browser, visitorOf(user), `/${aid}/you`, look);
    const { page, context } = opened;
    const secret = await begin(page);
    await page.getByRole("table", { name: "Where you are signed in" }).waitFor();
    expect(await usability(opened)).toEqual({ faults: [], fits: true, errors: [] });
    await page.getByLabel("Code of your authenticator").fill(codeOf(secret));
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByRole("button", { name: "I have kept them" }).waitFor();
    expect(await usability(opened)).toEqual({ faults: [], fits: true, errors: [] });
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByText("Turn it off", { exact: true }).click();
    await page.getByRole("button", { name: "Turn the authenticator off" }).waitFor();
    expect(await usability(opened)).toEqual({ faults: [], fits: true, errors: [] });
    await context.close();
    await asAdmin("DELETE", `/users/${user.id}`);
  });
});
