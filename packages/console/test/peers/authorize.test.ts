import { world } from "@tillkeeper/stage/world";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { frontEndsOf, listener } from "../../../server/test/support/front-end.ts";
import { password, peopleOf } from "../../../server/test/support/people.ts";
import { looks, openConsole, usability } from "../support/session.ts";

describe("a front end of others", async () => {
  const stage = await world({ own: {} });
  const { server, aid } = stage;
  const { person } = peopleOf(stage);
  const { register, begin, finish } = frontEndsOf(stage);
  const app = await listener();
  const client = await register(["http://127.0.0.1/back"]);
  const redirectUri = `${app.origin}/back`;
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    app.close();
  });

  const pathOf = ({ url }: { url: URL }) => `${url.pathname}${url.search}`;
  /** Opens the address that the front end sends the browser to, and signs in there. */
  async function arrive(begun: { url: URL }, look = {}) {
    const { email } = await person("operations");
    const opened = await openConsole(browser, server, pathOf(begun), look);
    await opened.page.getByLabel("E-mail address").fill(email);
    await opened.page.locator('input[name="password"]').fill(password);
    await opened.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await opened.page.getByRole("heading", { name: "Sign in to another program" }).waitFor();
    return opened;
  }

  it("gets a person's token when the person has signed in here and wants it", async () => {
    const begun = await begin(client.client_id, redirectUri, { state: "1e5" });
    const { page, context } = await arrive(begun);
    await page.getByText("Till app wants to act for you").waitFor();
    await page.getByText(new URL(app.origin).host).waitFor();
    const before = app.came.length;
    await page.getByRole("button", { name: "Go on to Till app" }).click();
    await page.getByRole("heading", { name: "Back in the app" }).waitFor();
    const { access_token: token, scope } = await finish(`${app.origin}${app.came[before]}`, { ...begun, state: "1e5" });
    expect(scope).toContain("read:checkout");
    expect((await server.call("GET", `/v1/accounts/${aid}/stores`, { token })).status).toBe(200);
    await context.close();
  });

  it("gets nothing from who does not want it", async () => {
    const begun = await begin(client.client_id, redirectUri);
    const { page, context } = await arrive(begun);
    const before = app.came.length;
    await page.getByRole("link", { name: "No, go back" }).click();
    await page.getByRole("heading", { name: "Back in the app" }).waitFor();
    await expect(finish(`${app.origin}${app.came[before]}`, begun)).rejects.toMatchObject({ error: "access_denied" });
    await context.close();
  });

  it("that asks in a wrong way is told so, and one that is not known gets nobody sent to it", async () => {
    const { page, context } = await arrive(
      await begin(client.client_id, redirectUri, { code_challenge_method: "plain" }),
    );
    await page.getByRole("alert").getByText("code_challenge").waitFor();
    expect(await page.getByRole("button", { name: /^Go on/ }).count()).toBe(0);
    await page.getByRole("link", { name: "Back to Till app" }).waitFor();

    const open = await begin(client.client_id, "https://evil.example/back");
    await page.goto(open.url.href);
    await page.getByRole("alert").getByText("must be one of the client's callbacks").waitFor();
    expect(await page.locator('a[href*="evil.example"]').count()).toBe(0);
    expect(await page.getByRole("button", { name: /^Go on/ }).count()).toBe(0);
    await context.close();
  });

  it("cannot put the question into a frame, nor ask in the person's place", async () => {
    const begun = await begin(client.client_id, redirectUri);
    const { page, context } = await arrive(begun);
    // The page of the app, at another port: the cookie would go along, as the site is the same.
    await page.goto(app.origin);
    await page.evaluate(`(() => {
      const frame = document.createElement("iframe");
      frame.src = ${JSON.stringify(begun.url.href)};
      document.body.append(frame);
    })()`);
    await expect.poll(() => page.frames().at(-1)?.url()).toMatch(/^chrome-error:/);
    const asked = page.waitForResponse((answer) => answer.request().method() === "POST");
    await page.evaluate(`void fetch(${JSON.stringify(`${server.url}/v1/accounts/${aid}/auth/authorization`)}, {
      method: "POST", mode: "no-cors", credentials: "include",
      body: new URLSearchParams(${JSON.stringify(begun.url.search)}),
    }).catch(() => undefined)`);
    expect((await asked).status()).toBe(403);
    await context.close();
  });

  it.each(looks)("asks in a page without faults that a program finds, which fits, %o", async (look) => {
    const opened = await arrive(await begin(client.client_id, redirectUri), look);
    await opened.page.getByText("Till app wants to act for you").waitFor();
    const { faults, fits } = await usability(opened);
    expect({ faults, fits }).toEqual({ faults: [], fits: true });
    await opened.context.close();
  });
});
