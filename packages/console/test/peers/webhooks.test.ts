import { webhooks } from "@tillkeeper/sdk/webhooks";
import { type Receiver, startReceiver } from "@tillkeeper/stage/receivers/receiver";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

const isPing = ({ event }: { event: string }) => event === "ping";

describe("webhooks", () => {
  let browser: Browser;
  let shop: Shop;
  let visitor: Visitor;
  let receiver: Receiver;
  let url: string;
  beforeAll(async () => {
    [browser, shop, receiver] = await Promise.all([launchBrowser(), openShop(), startReceiver()]);
    url = receiver.url;
    visitor = await visitorOf(browser, shop, "admin");
  });
  beforeEach(() => {
    receiver.received.length = 0;
    receiver.behave({ status: 204 });
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
    await receiver?.close();
  });

  it("are made with a secret that is shown once, by which the receiver checks what it gets", async () => {
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/webhooks`, { width: 1280 });
    await page.getByText("An address is needed.").waitFor();
    await page.getByLabel("Address", { exact: true }).fill(url);
    await page.getByText("Choose at least one kind of event.").waitFor();
    await page.getByLabel("Search").fill("terminal_operation");
    await page.getByLabel("terminal_operation_add", { exact: true }).check();
    await page.getByRole("button", { name: "Make the webhook" }).click();
    const secret = await page.getByLabel("Signing secret").inputValue();
    await expect.poll(() => receiver.received.length).toBe(1);
    const [ping] = receiver.received;
    const verified = await webhooks.verify(ping?.body ?? "", ping?.headers ?? {}, secret);
    expect(verified.event.event).toBe("ping");
    await page.reload();
    await page.getByRole("link", { name: url }).waitFor();
    expect(await page.getByLabel("Signing secret").count()).toBe(0);
    await context.close();
  });

  it("show attempts with their state, and send one again", async () => {
    receiver.behave({ status: 500 });
    const hook = await shop.client.hooks.create({ config: { url }, events: ["terminal_operation_add"] });
    await shop.client.operations.create({ terminal_id: shop.terminals.good, operation: "open_menu" });
    // The ping and the event have failed; a ping is sent once, the event waits.
    await expect.poll(async () => (await shop.client.hooks.deliveries(hook.id)).length).toBeGreaterThan(1);
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/webhooks`, { width: 1280 });
    const link = page.locator(`a[href$="/webhooks/${hook.id}"]`);
    await link.click();
    const attempts = page.getByRole("table", { name: "Attempts to deliver" });
    const failed = attempts.getByRole("row", { name: /terminal_operation_add/ }).last();
    await failed.getByText("500").waitFor();
    await page.getByLabel("Attempts", { exact: true }).selectOption("arrived");
    await page.getByText("No such attempt was made.").waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe("?success=true");
    await page.getByLabel("Attempts", { exact: true }).selectOption("");

    receiver.behave({ status: 204 });
    const ping = attempts.getByRole("row", { name: /ping/ }).last();
    await ping.getByText("Given up").waitFor();
    const before = receiver.received.length;
    const { event_delivery: sent } = (await shop.client.hooks.deliveries(hook.id)).find(isPing) ?? {};
    await ping.getByRole("button", { name: "Send again: ping" }).click();
    await expect
      .poll(() => receiver.received.slice(before).map(({ headers }) => headers["event-delivery"]))
      .toContain(sent);
    await expect
      .poll(async () => {
        await page.getByRole("button", { name: "Look again" }).click();
        return attempts.getByRole("row", { name: /ping .*204/ }).count();
      })
      .toBe(1);
    await context.close();
  });

  it("are paused, go on, and are deleted after a question", async () => {
    const hook = await shop.client.hooks.create({ config: { url }, events: ["account_store_add"] });
    const path = `/${shop.accountId}/webhooks/${hook.id}`;
    const { page, context } = await openConsole(browser, visitor, path);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused", { exact: true }).waitFor();
    expect((await shop.client.hooks.get(hook.id)).state).toBe("paused");
    await page.getByRole("button", { name: "Go on", exact: true }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: `Delete the webhook to ${url}?` });
    await dialog.getByRole("button", { name: "Delete the webhook" }).click();
    await page.getByRole("heading", { name: "Send events to an address" }).waitFor();
    await expect.poll(() => page.locator(`a[href$="/webhooks/${hook.id}"]`).count()).toBe(0);
    await context.close();
  });

  it("are changed, and send what was missed again", async () => {
    const hook = await shop.client.hooks.create({ config: { url }, events: ["account_store_add"] });
    const { page, context } = await openConsole(browser, visitor, `/${shop.accountId}/webhooks/${hook.id}`);
    await page.getByText("Change address and events").click();
    await page.getByLabel("Address", { exact: true }).fill("not an address");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").first().waitFor();
    await page.getByLabel("Address", { exact: true }).fill(`${url}/changed`);
    await page.getByLabel("account_store_add", { exact: true }).uncheck();
    await page.getByText("Choose at least one kind of event.").waitFor();
    await page.getByLabel("terminal_operation_add", { exact: true }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    expect(await shop.client.hooks.get(hook.id)).toMatchObject({
      config: { url: `${url}/changed` },
      events: ["terminal_operation_add"],
    });

    await shop.client.operations.run({ terminal_id: shop.terminals.good, operation: "open_menu" });
    const sent = () =>
      receiver.received.filter((one) => JSON.parse(one.body).event === "terminal_operation_add").length;
    await expect.poll(sent).toBeGreaterThan(0);
    const before = sent();
    await page.getByText("Send many events again").click();
    await page.getByText("A time or a first event is needed.").waitFor();
    await page.getByLabel(/^All since/).fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Send them again" }).click();
    await page.getByText("They are being sent.").waitFor();
    await expect.poll(sent).toBeGreaterThan(before);
    await context.close();
  });

  it("cannot be changed by an operator, who sees them", async () => {
    const operator = await visitorOf(browser, shop, "operations");
    const { page, context } = await openConsole(browser, operator, `/${shop.accountId}/webhooks`);
    await page.getByRole("table", { name: "Webhooks" }).getByRole("link").first().click();
    await page.getByRole("table", { name: "Attempts to deliver" }).waitFor();
    expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Look again" }).count()).toBe(1);
    await context.close();
  });

  it.each(looks)("have no faults that a program finds, and fit, %o", async (look) => {
    const [hook] = await shop.client.hooks.list();
    for (const path of ["webhooks", `webhooks/${hook?.id}`]) {
      const opened = await openConsole(browser, visitor, `/${shop.accountId}/${path}`, look);
      await opened.page.getByRole("heading", { level: 2 }).first().waitFor();
      await opened.page.getByRole("table").first().waitFor();
      // What is folded is looked at as well.
      for (const folded of await opened.page.locator("main details > summary").all()) await folded.click();
      expect({ path, ...(await usability(opened)) }).toEqual({ path, faults: [], fits: true, errors: [] });
      await opened.context.close();
    }
  });
});
