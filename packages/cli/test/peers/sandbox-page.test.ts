import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "@tillkeeper/sdk";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fitsItsWidth, launchBrowser, type Opened, open } from "../../../server/test/support/browser.ts";
import { type Cli, makeScratch, readSandboxFile, startCli } from "../support/cli.ts";

const place = makeScratch();
let cli: Cli;
let block = "";
let browser: Awaited<ReturnType<typeof launchBrowser>>;

beforeAll(async () => {
  cli = startCli(["sandbox"], place.env);
  [block, browser] = await Promise.all([cli.until(/Ctrl-C ends it\.\n/), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await cli.stop();
  place.remove();
});

function storeSection(page: Opened["page"]) {
  return page.locator("#try section", { has: page.getByRole("heading", { name: "Store oslo-center" }) });
}

it.each([1280, 360])(
  "the page that is printed gives a terminal a fault and closes its day, at %i px",
  async (width) => {
    const url = `${readSandboxFile(place).http_url}/sandbox`;
    expect(block).toContain(url);
    const { page, outside, errors } = await open(browser, url, { width });
    const section = storeSection(page);
    const id = await section.locator("tbody code").first().innerText();
    await section.getByLabel(`Fault of ${id}`).selectOption("failure");
    await section.getByText("set", { exact: true }).waitFor();
    await section.getByRole("button", { name: "Close the day" }).click();
    const row = section.locator("[aria-live] tbody tr", { hasText: id });
    await row.getByText("failed, device_error").waitFor();
    expect(await row.locator("td").last().innerText()).toContain("Look at the terminal");
    await section.locator("button:enabled").waitFor();
    const fits = await fitsItsWidth(page);
    expect({ fits, outside, errors }).toEqual({ fits: true, outside: [], errors: [] });
    await page.context().close();
  },
);

const root = fileURLToPath(new URL("../../../../", import.meta.url));
/** How each sample of the page is run in a checkout. */
const programs: Readonly<Record<string, (text: string) => [string, ...string[]]>> = {
  curl: (text) => ["sh", "-c", text],
  TypeScript: (text) => ["node", "--input-type=module-typescript", "--eval", text],
  "Command line": (text) => ["sh", "-c", text],
  Python: (text) => ["python3", "-c", text],
};

it("the page shows programs that close a day as they are pasted, and the requests that they sent", async () => {
  const { http_url: url, account_id: aid, client_id: client, client_secret: secret } = readSandboxFile(place);
  const { page, outside, errors } = await open(browser, `${url}/sandbox`, { width: 1280 });
  const section = storeSection(page);
  const id = await section.locator("tbody code").first().innerText();
  await section.getByLabel(`Fault of ${id}`).selectOption("none");
  await section.getByText("set", { exact: true }).waitFor();
  const samples = page.locator("details");
  expect(await samples.locator("summary").allInnerTexts()).toEqual(Object.keys(programs));
  for (const [name, program] of Object.entries(programs)) {
    const sample = samples.filter({ has: page.locator("summary", { hasText: name }) });
    if ((await sample.getAttribute("open")) === null) await sample.locator("summary").press("Enter");
    const [command, ...args] = program(await sample.locator("pre").innerText());
    const { stdout } = await promisify(execFile)(command, args, { cwd: root });
    // Of the morning the first one closes the day before, in which the batches began, and the others find nothing of today.
    expect(stdout, name).toMatch(/closed|There is nothing to close/i);
  }
  const sandbox = createClient({ url, accountId: aid, clientId: client, clientSecret: secret });
  const { closings } = await sandbox.closings.list("oslo-center");
  expect(closings.map(({ state }) => state)).toContain("closed");
  // The page asks for the requests when it is told to; one that failed names its error.
  await fetch(`${url}/v1/accounts/${aid}/auth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${client}:no-such-secret`)}`, "content-type": "application/json" },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${url}/v1/accounts/${aid}` }),
  });
  await page.getByRole("button", { name: "Show the last requests" }).click();
  const requests = page.locator("#try section").last().locator("tbody tr");
  await requests
    .filter({ hasText: /auth\/token.*401 \w+/s })
    .first()
    .waitFor();
  await requests
    .filter({ hasText: /POST \S+\/oslo-center\/closings/ })
    .first()
    .waitFor();
  await page.setViewportSize({ width: 360, height: 800 });
  const fits = await fitsItsWidth(page);
  expect({ fits, outside, errors }).toEqual({ fits: true, outside: [], errors: [] });
  await page.context().close();
});
