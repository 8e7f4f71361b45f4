import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { Program } from "@tillkeeper/stage/processes/program";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../../src/main.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { launchBrowser, open, seriousFaults } from "../support/browser.ts";
import { startSandbox } from "../support/sandbox.ts";
import { sandboxClient } from "../support/sandbox-client.ts";

const deploy = resolve(import.meta.dirname, "../../../../deploy");
const rules = join(deploy, "prometheus/alerts.yml");

interface Panel {
  title: string;
  targets: { expr: string }[];
}
const { panels } = JSON.parse(readFileSync(join(deploy, "grafana/tillkeeper.json"), "utf8")) as { panels: Panel[] };
const page = readFileSync(join(deploy, "prometheus/consoles/tillkeeper.html"), "utf8");
const queriesOfBoard = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

describe("Debian's Prometheus", () => {
  const folder = folderOfTests("prometheus");
  const fleet = createVirtualFleet({ folder: join(folder, "terminals"), log: createLogger("silent") });
  let url: string;
  let program: Program;
  let sandbox: RunningServer;
  let browser: Browser;
  beforeAll(async () => {
    const [port, scraped] = await Promise.all([freePort(), freePort()]);
    sandbox = await startSandbox(
      {
        metrics: { host: "127.0.0.1", port: { number: scraped, configured: true } },
        backups: { folder: join(folder, "backups"), everyHours: 24, keep: 2 },
      },
      fleet,
    );
    writeFileSync(
      join(folder, "prometheus.yml"),
      JSON.stringify({
        global: { scrape_interval: "1s", evaluation_interval: "1s" },
        rule_files: [rules],
        scrape_configs: [{ job_name: "tillkeeper", static_configs: [{ targets: [`127.0.0.1:${scraped}`] }] }],
      }),
    );
    url = `http://127.0.0.1:${port}`;
    program = new Program([
      "/usr/bin/prometheus",
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "series")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.console.templates=${join(deploy, "prometheus/consoles")}`,
    ]);
    await program.listens(port);
    browser = await launchBrowser();
    await work();
  });
  afterAll(async () => {
    await browser?.close();
    await program?.end("SIGTERM");
    await sandbox?.stop();
    await fleet.stopAll();
  });

  /** What a day brings: operations that succeed, and a store that is closed. */
  async function work(): Promise<void> {
    const { terminalIds, operate, ended, call, account } = await sandboxClient(sandbox);
    for (const operation of ["check_update", "open_menu", "end_of_day"]) {
      const { body } = await operate(terminalIds[0] as string, operation);
      expect((await ended(body.id)).status).toBe("COMPLETED");
    }
    const { body } = await call<{ stores: { store_id: string }[] }>("GET", `${account}/stores`);
    const store = body.stores[0]?.store_id;
    expect((await call("POST", `${account}/stores/${store}/closings`, {})).status).toBeLessThan(300);
  }

  async function ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { status: string; data: T; error?: string };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
  const seriesOf = async (query: string) =>
    (await ask<{ result: unknown[] }>(`query?query=${encodeURIComponent(query)}`)).result.length;

  it("has a series for every query of the board, which a console page shows as well", async () => {
    expect(queriesOfBoard.length).toBeGreaterThan(30);
    for (const query of queriesOfBoard) await expect.poll(() => seriesOf(query), { message: query }).toBeGreaterThan(0);
    const queriesOfPage = [...page.matchAll(/\{\{ range query `([^`]+)` \}\}/g)].map(([, query]) => query);
    expect(queriesOfPage).toEqual(queriesOfBoard);
  });

  it("counts what was done, once", async () => {
    const done = 'sum(tillkeeper_operations_ended_total{operation="check_update",status="COMPLETED"})';
    const value = async () =>
      (await ask<{ result: { value: [number, string] }[] }>(`query?query=${encodeURIComponent(done)}`)).result[0]
        ?.value[1];
    await expect.poll(value).toBe("1");
  });

  it("has a series for every alert, each of which promtool sees come; none is alarmed by a server at work", async () => {
    interface Rule {
      name: string;
      query: string;
      labels: { severity: string };
      state: string;
      lastError?: string;
    }
    const all = async () =>
      (await ask<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap((group) => group.rules);
    expect((await all()).length).toBeGreaterThan(15);
    for (const { name, query } of await all()) {
      // The figure that is compared with the limit exists also while all is well.
      const compared = query.replace(/ (?:==|>) [\d.]+$/, "");
      expect(compared, name).not.toBe(query);
      await expect.poll(() => seriesOf(compared), { message: `${name}: ${compared}` }).toBeGreaterThan(0);
    }
    expect((await all()).filter(({ state, labels }) => state === "firing" && labels.severity !== "info")).toEqual([]);
    expect((await all()).filter(({ lastError }) => lastError)).toEqual([]);
    const cwd = join(deploy, "prometheus");
    for (const args of [
      ["check", "rules", "alerts.yml"],
      ["test", "rules", "alerts.test.yml"],
      ["check", "config", "prometheus.yml"],
    ])
      expect(String(execFileSync("/usr/bin/promtool", args, { cwd }))).toContain("SUCCESS");
    const tested = readFileSync(join(cwd, "alerts.test.yml"), "utf8").split("exp_alerts").length - 1;
    expect(tested).toBe((await all()).length);
  });

  it("shows every panel in a browser, without a request to anywhere else", async () => {
    const { page: shown, outside, errors } = await open(browser, `${url}/consoles/tillkeeper.html`, { width: 1_280 });
    expect([outside, errors]).toEqual([[], []]);
    const sections = shown.locator("section");
    expect(await sections.locator("h2").allTextContents()).toEqual(panels.map(({ title }) => title));
    for (const section of await sections.all()) expect(await section.locator("tr").count()).toBeGreaterThan(0);
    expect(await seriousFaults(shown)).toEqual([]);
    const picture = process.env["TEST_PICTURE"];
    if (picture) await shown.screenshot({ path: picture, fullPage: true });
    await shown.context().close();
  });
});
