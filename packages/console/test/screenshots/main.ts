import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { openConsole, type Visitor } from "../support/session.ts";
import { openShop, screenOf, visitorOf } from "../support/shop.ts";

/** Takes pictures of the store's screens into `docs/screenshots`, of a sandbox that it starts. */
const folder = process.argv[2] ?? resolve(import.meta.dirname, "../../../../docs/screenshots");
mkdirSync(folder, { recursive: true });

const looks = { phone: { width: 360 }, light: { width: 1100 }, dark: { width: 1100, dark: true } };

const screens = ["today", "reports", "report", "terminals", "details"] as const;

const shop = await openShop();
const browser = await launchBrowser();
try {
  const visitor = await visitorOf(browser, shop, "admin");
  await shoot(visitor, ["today"], "before-");
  const closing = await shop.client.closings.close("market", { timeoutMs: 6_000 });
  await shoot(visitor, screens, "", closing.id);
} finally {
  await browser.close();
  await shop.stop();
}

/** Opens each screen in each look, and stores its picture. */
async function shoot(
  visitor: Visitor,
  names: readonly (typeof screens)[number][],
  prefix: string,
  closing = "",
): Promise<void> {
  for (const [look, how] of Object.entries(looks)) {
    for (const name of names) {
      const path = screenOf(shop, name === "report" ? `reports/${closing}` : name);
      const { page, context } = await openConsole(browser, visitor, path, how);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(1_000);
      await page.screenshot({ path: `${folder}/${prefix}${name}-${look}.png`, fullPage: true });
      await context.close();
    }
  }
}
