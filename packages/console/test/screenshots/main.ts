import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { signInto } from "../support/session.ts";
import { openShop, type Shop } from "../support/shop.ts";

/** Takes pictures of the store's screens into `docs/screenshots`, of a sandbox that it starts. */
const folder = process.argv[2] ?? resolve(import.meta.dirname, "../../../../docs/screenshots");
mkdirSync(folder, { recursive: true });

const looks = {
  phone: { width: 360, colorScheme: "light" },
  light: { width: 1100, colorScheme: "light" },
  dark: { width: 1100, colorScheme: "dark" },
} as const;

const screens = ["today", "reports", "report", "terminals", "details"] as const;

const shop = await openShop();
const browser = await launchBrowser();
try {
  await shoot(browser, shop, ["today"], "before-");
  const closing = await shop.client.closings.close("market", { timeoutMs: 6_000 });
  await shoot(browser, shop, screens, "", closing.id);
} finally {
  await browser.close();
  await shop.stop();
}

/** Opens each screen in each look, and stores its picture. */
async function shoot(
  on: Browser,
  sandbox: Shop,
  names: readonly (typeof screens)[number][],
  prefix: string,
  closing = "",
): Promise<void> {
  for (const [look, { width, colorScheme }] of Object.entries(looks)) {
    const context = await on.newContext({
      viewport: { width, height: 800 },
      colorScheme,
      locale: "en-GB",
      serviceWorkers: "block",
    });
    await signInto(context, sandbox);
    const page = await context.newPage();
    for (const name of names) {
      const path = name === "report" ? `reports/${closing}` : name;
      await page.goto(`${sandbox.url}/${sandbox.accountId}/stores/${sandbox.accountId}-0001/${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(1_000);
      await page.screenshot({ path: `${folder}/${prefix}${name}-${look}.png`, fullPage: true });
    }
    await context.close();
  }
}
