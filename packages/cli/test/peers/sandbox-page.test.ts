import { afterAll, beforeAll, expect, it } from "vitest";
import { launchBrowser, open } from "../../../server/test/support/browser.ts";
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

it.each([1280, 360])(
  "the page that is printed gives a terminal a fault and closes its day, at %i px",
  async (width) => {
    const url = `${readSandboxFile(place).http_url}/sandbox`;
    expect(block).toContain(url);
    const { page, outside, errors } = await open(browser, url, { width });
    const section = page.locator("#try section", { hasText: "oslo-center" });
    const id = await section.locator("tbody code").first().innerText();
    await section.getByLabel(`Fault of ${id}`).selectOption("failure");
    await section.getByText("set", { exact: true }).waitFor();
    await section.getByRole("button", { name: "Close the day" }).click();
    const row = section.locator("[aria-live] tbody tr", { hasText: id });
    await row.getByText("failed, device_error").waitFor();
    expect(await row.locator("td").last().innerText()).toContain("Look at the terminal");
    await section.locator("button:enabled").waitFor();
    const fits = await page.evaluate("document.documentElement.scrollWidth <= innerWidth");
    expect({ fits, outside, errors }).toEqual({ fits: true, outside: [], errors: [] });
    await page.context().close();
  },
);
