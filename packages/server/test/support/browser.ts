import { existsSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { patience } from "@tillkeeper/stage/patience";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's. Playwright brings none along, and none is downloaded. */
const executablePath = "/usr/bin/chromium";

export function launchBrowser(args: readonly string[] = []): Promise<Browser> {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: install Debian's package chromium`);
  // As root, which CI is, Chromium runs without its sandbox only. It sees no other pages than ours.
  return chromium.launch({ executablePath, args: ["--no-sandbox", ...args], timeout: patience.timeout });
}

interface Look {
  width: number;
  dark?: boolean;
}

/** A page in a browser, and what it does beside being shown. */
export interface Opened {
  page: Page;
  /** Requests to another origin than the server's. */
  outside: string[];
  /** What the console shows as an error: faults of scripts, and what the page's policy forbids. */
  errors: string[];
}

/** Opens an address in a browser without memory, and waits until everything on it is shown. */
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

/** What makes a page hard or impossible to use for some people, as far as a program can tell. */
export async function seriousFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(" ")} ${html}`));
}
