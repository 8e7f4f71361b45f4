import { patience } from "@tillkeeper/stage/patience";
import type { Browser, BrowserContext, Page } from "playwright-core";

/** Who the server is to see behind the browser's requests. */
export interface Caller {
  url: string;
  accountId: string;
  token: string;
  /** What the person's role allows. */
  scopes?: readonly string[];
}

/** How a page is looked at. */
export interface Look {
  width?: number;
  dark?: boolean;
  locale?: string;
}

/** A page of the console, with the errors of its console. */
export interface OpenedConsole {
  page: Page;
  context: BrowserContext;
  errors: string[];
}

/** Opens an address of the console in a browser of its own. */
export async function openConsole(
  browser: Browser,
  caller: Caller,
  path: string,
  look: Look = {},
): Promise<OpenedConsole> {
  const { width = 360, dark = false, locale = "en-GB" } = look;
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    locale,
    // What a page's worker asks for does not pass by the routes below.
    serviceWorkers: "block",
  });
  context.setDefaultTimeout(patience.timeout);
  await signInto(context, caller);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  page.on("pageerror", ({ message }) => void errors.push(message));
  await page.goto(`${caller.url}${path}`);
  return { page, context, errors };
}

/** Has a browser's requests carry what the server knows the caller by. */
async function signInto(context: BrowserContext, { accountId, token, scopes }: Caller): Promise<void> {
  const session = {
    user: { id: "u1", name: "Kari Nordmann", email: "kari@example.com", language: null },
    accounts: [
      {
        account_id: accountId,
        name: "Example AS",
        role: "operations",
        scopes: scopes ?? ["admin:checkout", "admin:accounts"],
      },
    ],
  };
  await context.route("**/v1/session", (route) => route.fulfill({ json: session }));
  await context.route("**/v1/accounts/**", (route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: `Bearer ${token}` } }),
  );
}
