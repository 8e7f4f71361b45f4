import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { openConsole, type Visitor } from "../support/session.ts";
import { openShop, type Shop, screenOf, visitorOf } from "../support/shop.ts";

/**
 * Takes pictures of the screens into `docs/screenshots`, of a sandbox that it starts. With a folder it takes them there, and with names of
 * screens after it only those.
 */
const [folder = resolve(import.meta.dirname, "../../../../docs/screenshots"), ...wanted] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const looks = { phone: { width: 360 }, light: { width: 1100 }, dark: { width: 1100, dark: true } };

/** The addresses of screens within the store, and within the account. */
const ofStore = { today: "today", reports: "reports", terminals: "terminals", details: "details" };
const ofAccount = {
  operations: "operations",
  terminal: ({ terminals }: Shop) => `terminals/${terminals.failing}`,
  people: "people",
  "api-clients": "api-clients",
  webhooks: "webhooks",
  audit: "audit",
};

const shop = await openShop();
const browser = await launchBrowser();
try {
  const visitor = await visitorOf(browser, shop, "admin");
  await shoot(visitor, "before-today", screenOf(shop, "today"));
  const closing = await shop.client.closings.close("market", { timeoutMs: 6_000 });
  for (const [name, path] of Object.entries(ofStore)) await shoot(visitor, name, screenOf(shop, path));
  await shoot(visitor, "report", screenOf(shop, `reports/${closing.id}`));
  for (const [name, path] of Object.entries(ofAccount))
    await shoot(visitor, `account-${name}`, `/${shop.accountId}/${typeof path === "string" ? path : path(shop)}`);
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
    await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true });
    await context.close();
  }
}
