import { patience } from "@tillkeeper/stage/patience";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { usabilityOf } from "../../../server/test/support/browser.ts";

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** A signed-in person: at which server, and what the browser keeps of it. */
export interface Visitor {
  url: string;
  state?: State;
}

/** How a page is looked at. */
export interface Look {
  width?: number;
  dark?: boolean;
  locale?: string;
}

/** From a wide screen to what a page of 1280 px is at 400 %. */
export const looks: readonly Look[] = [{ width: 1280 }, { width: 360 }, { width: 320 }];

/** What a program finds wrong with a page, by `usabilityOf`, and the errors of its console. The page is dark afterwards. */
export async function usability({ page, errors }: OpenedConsole) {
  return { ...(await usabilityOf(page)), errors };
}

/** A page of the console, with the errors of its console. */
export interface OpenedConsole {
  page: Page;
  context: BrowserContext;
  errors: string[];
}

/** The password of all persons in these tests. */
const password = "five small blue boats";

/** Opens an address of the console in a browser of its own. */
export async function openConsole(
  browser: Browser,
  visitor: Visitor,
  path: string,
  look: Look = {},
): Promise<OpenedConsole> {
  const { width = 360, dark = false, locale = "en-GB" } = look;
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    locale,
    ...(visitor.state && { storageState: visitor.state }),
  });
  context.setDefaultTimeout(patience.timeout);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  page.on("pageerror", ({ message }) => void errors.push(message));
  await page.goto(`${visitor.url}${path}`);
  return { page, context, errors };
}

/** Follows a link of an invitation as a person does, and gives the browser's state afterwards. */
export async function acceptInvitation(browser: Browser, link: string): Promise<Visitor> {
  const { origin: url, pathname, hash } = new URL(link);
  const { page, context } = await openConsole(browser, { url }, `${pathname}${hash}`);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.waitForURL(/\/[PT]\d{8}/);
  await page.getByRole("heading", { level: 1 }).waitFor();
  const cookies = await context.storageState();
  await context.close();
  // What the page keeps is not taken along: each test begins with an empty browser in which a person is signed in.
  return { url, state: { ...cookies, origins: [] } };
}
