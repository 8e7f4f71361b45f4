import { world } from "@tillkeeper/stage/world";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { oidcClient, placeOfProvider, realProvider } from "../../../server/test/support/oidc-provider.ts";
import { codeOf, password, peopleOf } from "../../../server/test/support/people.ts";
import { looks, openConsole, usability } from "../support/session.ts";

describe("the page to sign in", async () => {
  const place = await placeOfProvider();
  const stage = await world({ own: { config: { oidc: { issuer: place.issuer, name: "Kiosk AS", ...oidcClient } } } });
  const { server, aid } = stage;
  const { person, invite, withCookie } = peopleOf(stage);
  const { people, handler } = await realProvider(place.issuer, `${server.url}/v1/auth/oidc/callback`);
  place.put(handler);
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    place.close();
  });

  it("asks for a code when the person has an authenticator, and puts the focus there", async () => {
    const { email, cookie } = await person();
    const { secret } = (await withCookie("POST", "/v1/auth/totp", cookie, { password })).body;
    const code = codeOf(secret);
    expect((await withCookie("POST", "/v1/auth/totp/confirm", cookie, { code })).status).toBe(200);
    const { page, context } = await openConsole(browser, server, "/sign-in");
    await page.getByLabel("E-mail address").fill(email);
    await page.locator('input[name="password"]').fill(password);
    const button = page.getByRole("button", { name: "Sign in", exact: true });
    await button.click();
    const field = page.getByLabel("Code of your authenticator");
    await field.waitFor();
    await expect.poll(() => field.evaluate("document.activeElement.name")).toBe("code");
    await field.fill(code);
    await button.click();
    await page.getByText("The code is wrong").waitFor();
    await field.fill(codeOf(secret, 1));
    await button.click();
    await page.waitForURL(new RegExp(`/${aid}`));
    await context.close();
  });

  it("leads to the provider and back, signed in", async () => {
    const user = await invite("operations");
    people.now = "kari";
    people.of["kari"] = { email: user.email, email_verified: true };
    const { page, context, errors } = await openConsole(browser, server, "/sign-in");
    await page.getByRole("link", { name: "Sign in with Kiosk AS" }).click();
    await page.waitForURL(new RegExp(`^${server.url}/${aid}`));
    await page.getByRole("heading", { level: 1 }).waitFor();
    const session = (await context.cookies()).find(({ name }) => name === "tillkeeper_session");
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    expect(await page.evaluate("fetch('/v1/session').then((answer) => answer.status)")).toBe(200);
    expect(errors).toEqual([]);
    await context.close();
  });

  it("says in words why the provider let nobody in", async () => {
    people.now = "stranger";
    people.of["stranger"] = { email: "stranger@kiosk.example", email_verified: true };
    const { page, context } = await openConsole(browser, server, "/sign-in");
    await page.getByRole("link", { name: "Sign in with Kiosk AS" }).click();
    await page.getByText("You have no access here.").waitFor();
    expect((await context.cookies()).map(({ name }) => name)).not.toContain("tillkeeper_session");
    place.put();
    await page.goto(`${server.url}/sign-in?failed=unavailable`);
    await page.getByText("The place where you sign in does not answer.").waitFor();
    place.put(handler);
    await context.close();
  });

  it("says why nobody can sign in where it came by plain HTTP from another machine", async () => {
    const { page, context } = await openConsole(browser, server, "/sign-in");
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    expect(await page.getByText("This page came without HTTPS").count()).toBe(0);
    // As if the server were another machine: the browser asks for this name, and gets what the server answers.
    await page.route("http://till.kiosk.example/**", async (route) => {
      const { pathname, search } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: `${server.url}${pathname}${search}` }) });
    });
    await page.goto("http://till.kiosk.example/sign-in");
    await page.getByRole("alert").getByText("This page came without HTTPS").waitFor();
    expect(await page.getByRole("button", { name: "Sign in", exact: true }).isDisabled()).toBe(true);
    // What is still being asked for is not to be answered any more.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  });

  it.each(looks)("has no faults that a program finds, and fits, %o", async (look) => {
    const opened = await openConsole(browser, server, "/sign-in?failed=email_unverified", look);
    await opened.page.getByRole("link", { name: "Sign in with Kiosk AS" }).waitFor();
    const { faults, fits } = await usability(opened);
    expect({ faults, fits }).toEqual({ faults: [], fits: true });
    await opened.context.close();
  });
});
