import { makeDeviceKeys, pairDevice, readPairingUri } from "@tillkeeper/agent";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { scan } from "../support/scan.ts";
import { looks, openConsole, usability, type Visitor } from "../support/session.ts";
import { openShop, type Shop, visitorOf } from "../support/shop.ts";

describe("pairing", () => {
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

  let registered = 0;
  /** Registers a terminal that no device has paired as, and gives the address of its screen. */
  async function register(): Promise<{ id: string; serial: string; path: string }> {
    registered += 1;
    const serial = `PAIRING-${registered}`;
    const { terminal_id: id } = await shop.client.terminals.create({
      device_serial_number: serial,
      store_id: "market",
      device_model: "AGENT",
    });
    return { id, serial, path: `/${shop.accountId}/terminals/${id}` };
  }

  it("is done by what the QR code says, and the screen shows that a device has paired", async () => {
    const { id, serial, path } = await register();
    const { page, context } = await openConsole(browser, visitor, path);
    await page.getByText("No device has paired as this terminal yet.").waitFor();
    await page.getByRole("button", { name: /^Make a/ }).click();
    const code = await page.getByLabel("Pairing code").inputValue();
    const invitation = readPairingUri(await scan(page, "QR code of the pairing"));
    expect(invitation).toEqual({ server: visitor.url, serialNumber: serial, code });
    if (!invitation) return;
    const { terminal_id: terminalId } = await pairDevice({ ...invitation, keys: makeDeviceKeys() });
    expect(terminalId).toBe(id);
    // The code goes from the screen by itself, and so does the state of the terminal.
    await page.getByText("A device has paired").waitFor();
    expect(await page.getByLabel("Pairing code").count()).toBe(0);
    await expect.poll(() => page.getByText("Not paired yet").count()).toBe(0);
    await context.close();
  });

  it("takes the newest code alone", async () => {
    const { serial, path } = await register();
    const { page, context } = await openConsole(browser, visitor, path);
    await page.getByRole("button", { name: /^Make a/ }).click();
    const first = await page.getByLabel("Pairing code").inputValue();
    await page.getByRole("button", { name: "Make another pairing code" }).click();
    await expect.poll(() => page.getByLabel("Pairing code").inputValue()).not.toBe(first);
    const pairing = pairDevice({ server: visitor.url, serialNumber: serial, code: first, keys: makeDeviceKeys() });
    await expect(pairing).rejects.toMatchObject({ code: "pairing_refused" });
    await context.close();
  });

  it("is not offered of virtual terminals, which need none", async () => {
    const path = `/${shop.accountId}/terminals/${shop.terminals.good}`;
    const { page, context } = await openConsole(browser, visitor, path);
    await page.getByRole("heading", { name: "Send an operation" }).waitFor();
    expect(await page.getByRole("heading", { name: "Pairing" }).count()).toBe(0);
    await context.close();
  });

  it.each(looks)("has no faults that a program finds, fits, and can be scanned, %o", async (look) => {
    const { path, serial } = await register();
    const opened = await openConsole(browser, visitor, path, look);
    await opened.page.getByRole("button", { name: /^Make a/ }).click();
    await opened.page.getByLabel("Pairing code").waitFor();
    const scanned = async () => readPairingUri(await scan(opened.page, "QR code of the pairing"))?.serialNumber;
    expect(await scanned()).toBe(serial);
    expect(await usability(opened)).toEqual({ faults: [], fits: true, errors: [] });
    // In the dark theme, too.
    expect(await scanned()).toBe(serial);
    await opened.context.close();
  });
});
