import { existsSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { patience } from "@tillkeeper/stage/patience";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** Debian's Chromium. Playwright's own is not installed, and no browser is downloaded. */
const executablePath = "/usr/bin/chromium";

/** Starts Chromium; the caller closes it. */
export function launchBrowser(args: readonly string[] = []): Promise<Browser> {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: install Debian's package chromium`);
  // For root, as in CI, Chromium starts only without its sandbox. It opens no other pages than ours.
  return chromium.launch({ executablePath, args: ["--no-sandbox", ...args], timeout: patience.timeout });
}

interface Look {
  width: number;
  dark?: boolean;
}

/** A page in a browser, with its requests and errors. */
export interface Opened {
  page: Page;
  /** The requests to other origins than the server's. */
  outside: string[];
  /** The errors of the browser's console: errors of scripts, and violations of the page's policy. */
  errors: string[];
}

/** Opens an address in a new browser context, and waits until the whole page is shown. */
export async function open(browser: Browser, url: string, { width, dark = false }: Look): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: dark ? "dark" : "light" });
  context.setDefaultTimeout(patience.timeout);
  const page = await context.newPage();
  const [outside, errors]: [string[], string[]] = [[], []];
  const { origin, pathname } = new URL(url);
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.origin !== origin && !["data:", "blob:"].includes(to.protocol)) outside.push(request.url());
  });
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  page.on("pageerror", ({ message }) => void errors.push(message));
  await page.goto(url);
  if (pathname === "/docs") await page.locator("#reference h1").first().waitFor();
  await page.waitForLoadState("networkidle");
  return { page, outside, errors };
}

/** Returns the serious and critical accessibility faults that a program can find, by all rules or by those of colours alone. */
export async function seriousFaults(page: Page, rules: "all" | "colours" = "all"): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] });
  const { violations } = await (rules === "all"
    ? axe
    : axe.withRules(["color-contrast", "link-in-text-block"])
  ).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(" ")} ${html}`));
}

/**
 * What a program finds wrong with a page, in the light and in the dark theme: faults of access, and a width that scrolls to the side. The
 * page is dark afterwards.
 */
export async function usabilityOf(page: Page): Promise<{ faults: string[]; fits: boolean }> {
  await page.emulateMedia({ colorScheme: "light" });
  const faults = await seriousFaults(page);
  const fits = await fitsItsWidth(page);
  const light = await brightness(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => brightness(page)).toBeLessThan(light);
  // The themes differ in colours only.
  faults.push(...(await seriousFaults(page, "colours")));
  return { faults, fits: fits && (await fitsItsWidth(page)) };
}

/** Whether a page does not scroll to the side. */
export function fitsItsWidth(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth <= innerWidth");
}

/** The sum of the background's red, green and blue: 765 is white. */
async function brightness(page: Page): Promise<number> {
  const colour = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return red + green + blue;
}
