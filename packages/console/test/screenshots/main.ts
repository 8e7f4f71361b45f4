import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { openConsole, type Visitor } from "../support/session.ts";
import { openShop, type Shop, screenOf, visitorOf } from "../support/shop.ts";
import { liven } from "./lively.ts";

/**
 * Takes pictures of the screens into `docs/screenshots`, of a sandbox that it starts. With a folder it takes them there, and with names of
 * screens after it only those.
 */
const [folder = resolve(import.meta.dirname, "../../../../docs/screenshots"), ...wanted] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const looks = { phone: { width: 360 }, light: { width: 1100 }, dark: { width: 1100, dark: true } };
/** No picture is higher, so that one of a long list remains small. */
const highest = 1_400;
/** How much a picture may lose. */
const quality = 0.6;

/** The addresses of screens within the store, and within the account. */
const ofStore = { today: "today", reports: "reports", terminals: "terminals", details: "details" };
const ofAccount: Readonly<Record<string, string | ((shop: Shop, made: Made) => string)>> = {
  stores: "",
  fleet: "/terminals",
  operations: "/operations",
  terminal: ({ terminals }) => `/terminals/${terminals.failing}`,
  people: "/people",
  "api-clients": "/api-clients",
  webhooks: "/webhooks",
  webhook: (_shop, { hook }) => `/webhooks/${hook}`,
  audit: "/audit",
};
type Made = Awaited<ReturnType<typeof liven>>;

const shop = await openShop();
const browser = await launchBrowser();
const painter = await browser.newPage();
try {
  const visitor = await visitorOf(browser, shop, "admin");
  await shoot({ url: visitor.url }, "sign-in", "/sign-in");
  await shoot(visitor, "before-today", screenOf(shop, "today"));
  const closing = await shop.client.closings.close("market", { timeoutMs: 6_000 });
  for (const [name, path] of Object.entries(ofStore)) await shoot(visitor, name, screenOf(shop, path));
  await shoot(visitor, "report", screenOf(shop, `reports/${closing.id}`));
  const made = await liven(shop);
  for (const [name, path] of Object.entries(ofAccount))
    await shoot(visitor, `account-${name}`, `/${shop.accountId}${typeof path === "string" ? path : path(shop, made)}`);
} finally {
  await browser.close();
  await shop.stop();
}

/** Opens a screen in each look, and stores its picture. */
async function shoot(visitor: Visitor, name: string, path: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  for (const [look, how] of Object.entries(looks)) {
    const { page, context } = await openConsole(browser, visitor, path, how);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(1_000);
    writeFileSync(`${folder}/${name}-${look}.webp`, await pictureOf(page));
    await context.close();
  }
}

/** A picture of a page as WebP, which is a fifth of the PNG that the browser makes. */
async function pictureOf(page: Page): Promise<Buffer> {
  const height = Number(await page.evaluate(`Math.min(${highest}, document.documentElement.scrollHeight)`));
  const width = page.viewportSize()?.width ?? 0;
  const png = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height } });
  const url = await painter.evaluate(
    `(async () => {
       const blob = await (await fetch("data:image/png;base64,${png.toString("base64")}")).blob();
       const image = await createImageBitmap(blob);
       const canvas = new OffscreenCanvas(image.width, image.height);
       canvas.getContext("2d").drawImage(image, 0, 0);
       const webp = await canvas.convertToBlob({ type: "image/webp", quality: ${quality} });
       return btoa(String.fromCharCode(...new Uint8Array(await webp.arrayBuffer())));
     })()`,
  );
  return Buffer.from(String(url), "base64");
}
