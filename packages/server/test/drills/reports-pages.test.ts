import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Closing, ClosingTerminal } from "@tillkeeper/contract/http/closing-schemas";
import { languages } from "@tillkeeper/words/languages";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csvRows } from "../../src/reports/csv.ts";
import type { ShownReport } from "../../src/reports/make.ts";
import { pageOf } from "../../src/reports/page.ts";
import { styleOf } from "../../src/reports/style.ts";
import { launchBrowser, open, seriousFaults } from "../support/browser.ts";

const at = "2026-06-29T20:00:00Z";
const uuid = "01a07c00-0000-7000-8000-000000000000";
const figures = {
  purchases_count: 1_204,
  purchases_amount: 123_456_789,
  reversals_count: 3,
  reversals_amount: 123_956_789,
  sale_amount: -500_000,
  tip_amount: 0,
};
const currencies = ["NOK", "ISK", "KWD"];

/** A report of a store whose terminals stand in every way. */
function reportOf({
  name,
  terminals,
  head,
}: {
  name: string;
  terminals: number;
  head?: ShownReport["head"];
}): ShownReport {
  const states = ["closed", "failed", "unknown", "not_needed", "already_closed", "waiting"] as const;
  const steps = { failed: "ask_at_terminal", unknown: "check_the_close", waiting: "bring_back" } as const;
  const list = Array.from({ length: terminals }, (_, n): ClosingTerminal => {
    const state = states[n % states.length] ?? "closed";
    const step = (steps as Partial<Record<typeof state, ClosingTerminal["next_step"]>>)[state];
    return {
      terminal_id: `T${String(n).padStart(8, "0")}`,
      state,
      ...(state === "failed" && { reason: "user_aborted" as const }),
      ...(step && { next_step: step }),
      operations: [],
    };
  });
  const closing: Closing = {
    id: uuid,
    account_id: "T46000001",
    store_id: "S312",
    business_day: "2026-06-29",
    day_starts_at: "2026-06-29T03:00:00Z",
    day_ends_at: "2026-06-30T03:00:00Z",
    time_zone: "Europe/Oslo",
    state: terminals === 0 ? "nothing_to_close" : "partly_closed",
    text: "",
    counts: { closed: 0, already_closed: 0, waiting: 0, failed: 0, unknown: 0, not_needed: 0 },
    totals:
      terminals === 0 ? [] : currencies.map((currency) => ({ currency, exponent: 2, batches_count: 2, ...figures })),
    created_at: at,
    created_by: "till",
    asked_at: at,
    retry_until: at,
    terminals: list,
    ...(terminals > 0 && {
      comparison: {
        state: "differs" as const,
        differences: [
          { currency: "NOK", figure: "sale_amount" as const, expected: 100, actual: -500_000, difference: -500_100 },
          { currency: "KWD", figure: "purchases_count" as const, expected: 7 },
        ],
      },
    }),
  };
  const batches = list.slice(0, Math.max(1, terminals / 2)).flatMap(({ terminal_id }, n) =>
    terminals === 0
      ? []
      : {
          terminal_id,
          id: uuid,
          status: "COMPLETED" as const,
          created_at: at,
          created_by: "till",
          result: {
            outcome: "accepted" as const,
            batch_id: `batch-${n}`,
            currency: currencies[n % 3] ?? "NOK",
            ...figures,
          },
        },
  );
  return { ...(head && { head }), at: new Date(at), body: { closing, store_name: name, country: "NO", batches } };
}

const correction: NonNullable<ShownReport["head"]> = {
  number: 1_013,
  closing_id: uuid,
  corrects: 1_012,
  made_at: new Date(at),
  sha256: "0123456789abcdef".repeat(4),
  changes: [
    { what: "state", from: "unknown", to: "partly_closed" },
    { what: "sale_amount", currency: "ISK", to: -1_234_567 },
    { what: "terminal_state", terminal_id: "T00000001", from: "unknown", to: "failed" },
    { what: "close", terminal_id: "T00000001", to: uuid },
  ],
};

const hostile = `<script>alert(1)</script>"'&=<img src=x onerror=alert(1)>`;
const longName = `${hostile} ${"Bakerietognoeveldiglangt".repeat(8)} ${"på hjørnet ".repeat(12)}`;

/** What people print: in a browser, on both widths of paper and in every language. */
describe("a page of a report", () => {
  let browser: Browser;
  let shown = "";
  let policy = "";
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
      .end(shown);
  });
  beforeAll(async () => {
    browser = await launchBrowser();
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });
  const show = async (report: ShownReport, language: (typeof languages)[number], width: "a4" | "80mm") => {
    shown = pageOf(report, { language, width });
    policy = styleOf(width).policy;
    const opened = await open(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/report`, {
      width: width === "a4" ? 794 : 302,
    });
    await opened.page.emulateMedia({ media: "print" });
    return opened;
  };
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

  for (const width of ["a4", "80mm"] as const)
    for (const language of languages)
      it(`fits ${width} in ${language}, with a long and hostile name, and asks for nothing else`, async () => {
        const { page, outside, errors } = await show(
          reportOf({ name: longName, terminals: 12, head: correction }),
          language,
          width,
        );
        expect([outside, errors.filter((error) => !error.includes("favicon"))]).toEqual([[], []]);
        expect(await page.locator("script, img").count()).toBe(0);
        expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0);
        expect(await page.locator("main").innerText()).toContain("<script>alert(1)</script>");
        const folder = process.env["SCREENSHOTS"];
        if (folder) await page.screenshot({ path: `${folder}/${width}-${language}.png`, fullPage: true });
        expect(await seriousFaults(page)).toEqual([]);
        await page.context().close();
      });

  it("holds 200 terminals, and none", async () => {
    const many = await show(reportOf({ name: "Torget", terminals: 200, head: correction }), "nb", "a4");
    expect(await many.page.locator(".standing").count()).toBe(200);
    expect((await many.page.pdf({ preferCSSPageSize: true })).length).toBeGreaterThan(10_000);
    const none = await show(reportOf({ name: "Torget", terminals: 0 }), "da", "80mm");
    expect(await none.page.locator("main").innerText()).toContain("Butikken har ingen terminaler.");
    expect(await none.page.locator("main").innerText()).toContain("Foreløbig");
    expect(await none.page.locator("footer").innerText()).toContain("29. jun. 2026");
  });

  it("writes amounts by their currency, as people in the country do", () => {
    const page = pageOf(reportOf({ name: "Torget", terminals: 6 }), { language: "nb", width: "a4" }).replaceAll(
      "\u00a0",
      " ",
    );
    expect(page).toContain("1 234 567,89");
    expect(page).toContain("123 456 789");
    expect(page).toContain("123 456,789");
    expect(page).toContain("−5 000,00");
    expect(page).toContain("mandag 29. juni 2026");
  });

  it("has the same rows as CSV, of which no name makes a formula", () => {
    const rows = csvRows(reportOf({ name: "=cmd|' /C calc'!A0", terminals: 6 }), "en")
      .trimEnd()
      .split("\r\n");
    expect(rows).toHaveLength(6);
    expect(rows[0]).toContain(",'=cmd|' /C calc'!A0,");
    expect(rows[1]).toContain(",ISK,0,1204,123456789,123456789,3,123956789,123956789,-500000,-500000,0,0");
  });
});
