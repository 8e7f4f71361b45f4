import { gzipSync } from "node:zlib";
import { adminScopes } from "@tillkeeper/contract/scopes";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import { Program } from "@tillkeeper/stage/processes/program";
import type { Browser, Page } from "playwright-core";
import { acceptInvitation, openConsole, type Visitor } from "../../../packages/console/test/support/session.ts";
import { launchBrowser } from "../../../packages/server/test/support/browser.ts";
import type { Effort } from "../arguments.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { clientId, seedTerminals } from "../parts/seed.ts";
import { percentile } from "../parts/statistics.ts";
import { printDatabase, startEmptySubject } from "../parts/subject.ts";
import { accountId, firstTerminalNumber, terminalId } from "../parts/terminal-set.ts";

const terminals = 100_000;
const stores = 1_000;
const repetitions = 10;
const aims = { firstScreenKb: 200, eventMs: 200, filterMs: 300, lighthouse: 95 };
const lighthouse = "lighthouse@13.5.0";
const categories = ["performance", "accessibility", "best-practices"] as const;
const store = `/${accountId}/stores/${accountId}-0001`;
/** The screens that a person looks at most. */
const screens = {
  Today: `${store}/today`,
  Terminals: `${store}/terminals`,
  Terminal: `/${accountId}/terminals/${terminalId(0)}`,
};

/** Sends a request with the token of a client, and gives the answer's body. */
type Call = <T>(method: string, path: string, body?: object) => Promise<T>;

/** Measures the console in Chromium, in an account of 100,000 terminals: its size, an event, a filter, and what Lighthouse says. */
export async function consolePages({ rounds }: Effort, closing: Closing): Promise<void> {
  const { db, httpUrl } = await startEmptySubject(closing);
  await printDatabase({ db });
  const credentials = await seedAccount(db, { accountId, clientId, scopes: adminScopes });
  await seedTerminals(db, terminals, stores);
  const token = await fetchToken(httpUrl, credentials);
  const call: Call = async <T>(method: string, path: string, body: object = {}) => {
    const response = await fetch(`${httpUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const browser = await launchBrowser();
  closing.add(() => browser.close());
  const users = `/v1/accounts/${accountId}/users`;
  const user = await call<{ id: string }>("POST", users, { email: "a@b.example", name: "Kari", role: "admin" });
  const { link } = await call<{ link: string }>("POST", `${users}/${user.id}/links`, { purpose: "invitation" });
  const { pathname, hash } = new URL(link);
  const visitor = await acceptInvitation(browser, `${httpUrl}${pathname}${hash}`);

  await printSize(browser, visitor);
  await printEvents(browser, visitor, call, rounds * repetitions);
  await printFilters(browser, visitor, rounds * repetitions);
  await printLighthouse(visitor, rounds);
}

/** What an empty browser fetches for the first screen: script and style, compressed as a proxy would by gzip. */
async function printSize(browser: Browser, visitor: Visitor): Promise<void> {
  const { page, context } = await openConsole(browser, visitor, "/about:blank");
  const files: { name: string; bytes: Promise<number> }[] = [];
  page.on("response", (response) => {
    const name = new URL(response.url()).pathname;
    if (!/\.(?:js|css)$/.test(name)) return;
    files.push({ name, bytes: response.body().then((body) => gzipSync(body, { level: 9 }).length) });
  });
  await page.goto(`${visitor.url}${screens.Today}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForTimeout(1_000);
  const sizes = await Promise.all(files.map(({ bytes }) => bytes));
  await context.close();
  const kb = sizes.reduce((sum, one) => sum + one, 0) / 1_000;
  console.log(`Today, in a browser that has nothing yet: ${sizes.length} files of script and style`);
  printAim("compressed", `${count(kb)} kB`, `${aims.firstScreenKb} kB`, kb <= aims.firstScreenKb);
  console.log();
}

/** How long after it was asked for, an operation is on the terminal's screen, and later that it was cancelled. */
async function printEvents(browser: Browser, visitor: Visitor, call: Call, times: number): Promise<void> {
  const { page, context } = await openConsole(browser, visitor, screens.Terminal, { width: 1280 });
  const newest = page.locator("tbody tr").first();
  const path = "/v1/admin/terminals/operations";
  const terminal_id = terminalId(0);
  const { id: first } = await call<{ id: string }>("POST", path, { terminal_id, operation: "open_menu" });
  await call("POST", `${path}/${first}/cancel`);
  await newest.waitFor();
  const took: number[] = [];
  const changed = async <T>(ask: () => Promise<T>): Promise<T> => {
    // Quiet, as when a person looks at a screen.
    await page.waitForTimeout(700);
    const before = JSON.stringify(await newest.textContent());
    const shown = whenTrue(page, `document.querySelector("tbody tr")?.textContent !== ${before}`);
    const asked = Date.now();
    const answer = await ask();
    took.push((await shown) - asked);
    return answer;
  };
  for (let time = 0; time < times; time += 1) {
    const { id } = await changed(() => call<{ id: string }>("POST", path, { terminal_id, operation: "open_menu" }));
    await changed(() => call("POST", `${path}/${id}/cancel`));
  }
  await context.close();
  const p50 = percentile(took, 0.5);
  printAim(
    `from a request to its change on the screen, p50 of ${took.length}`,
    `${count(p50)} ms`,
    `${aims.eventMs} ms`,
    p50 <= aims.eventMs,
  );
  console.log(`  p95 ${count(percentile(took, 0.95))} ms\n`);
}

/** The time at which an expression over the page is true, by the page's clock, which is this machine's. */
function whenTrue(page: Page, expression: string): Promise<number> {
  return page.evaluate(
    `new Promise((resolve) => {
       const look = () => ((${expression}) ? resolve(Date.now()) : requestAnimationFrame(look));
       look();
     })`,
  );
}

/** How long a search among all terminals takes, from the click until its row is there. */
async function printFilters(browser: Browser, visitor: Visitor, times: number): Promise<void> {
  const { page, context } = await openConsole(browser, visitor, `/${accountId}/terminals`, { width: 1280 });
  const rows = page.locator("tbody tr");
  await rows.first().waitFor();
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const serial = `B${firstTerminalNumber + ((time * 7_919) % terminals)}`;
    await page.getByLabel("Id, serial number, model or store").fill(serial);
    const rowsAre = `[...document.querySelectorAll("tbody tr")].every((row) => row.textContent.includes("${serial}"))`;
    const shown = whenTrue(page, `document.querySelector("tbody tr") !== null && ${rowsAre}`);
    const clicked = Date.now();
    await page.getByRole("button", { name: "Show" }).click();
    took.push((await shown) - clicked);
  }
  await context.close();
  const p50 = percentile(took, 0.5);
  printAim(
    `a filter over ${count(terminals)} terminals, p50 of ${times}`,
    `${count(p50)} ms`,
    `${aims.filterMs} ms`,
    p50 <= aims.filterMs,
  );
  console.log(`  p95 ${milliseconds(percentile(took, 0.95))} ms\n`);
}

/** What Lighthouse says, which npm fetches for this run: of several runs the one with the middle performance. */
async function printLighthouse({ url, state }: Visitor, runs: number): Promise<void> {
  const cookie = state?.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const rows: string[][] = [];
  let worst = 100;
  for (const [name, path] of Object.entries(screens)) {
    const reports = [];
    for (let run = 0; run < runs; run += 1) reports.push(await reportOf(`${url}${path}`, cookie));
    const report = reports.toSorted((one, other) => performanceOf(one) - performanceOf(other))[runs >> 1] as Report;
    const scores = categories.map((each) => Math.round((report.categories[each]?.score ?? 0) * 100));
    worst = Math.min(worst, ...scores);
    rows.push([name, ...scores.map(String), reports.map((each) => Math.round(performanceOf(each) * 100)).join(" ")]);
    for (const { title, score } of Object.values(report.audits)) {
      if (score !== null && score < 0.9) console.log(`  ${name}: ${title} (${score})`);
    }
  }
  console.log();
  printTable([lighthouse, ...categories, "performance of each run"], rows);
  printAim("the least of them", String(worst), String(aims.lighthouse), worst >= aims.lighthouse);
}

const performanceOf = ({ categories: { performance } }: Report): number => performance?.score ?? 0;

async function reportOf(address: string, cookie: string | undefined): Promise<Report> {
  const command = [
    "npm",
    "exec",
    "--yes",
    `--package=${lighthouse}`,
    "--",
    "lighthouse",
    address,
    "--quiet",
    "--output=json",
    "--output-path=stdout",
    `--only-categories=${categories.join(",")}`,
    `--extra-headers=${JSON.stringify({ Cookie: cookie })}`,
    "--chrome-flags=--headless=new --no-sandbox --lang=en-GB",
  ];
  const env = { ...process.env, CHROME_PATH: "/usr/bin/chromium" };
  const { code, stdout, stderr } = await new Program(command, { env, stdio: ["ignore", "pipe", "pipe"] }).ended;
  if (code !== 0) throw new Error(`lighthouse: ${stderr}`);
  return JSON.parse(stdout) as Report;
}

interface Report {
  categories: Record<string, { score: number | null }>;
  audits: Record<string, { title: string; score: number | null }>;
}
