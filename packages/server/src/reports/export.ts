import { Readable } from "node:stream";
import type { Language } from "@tillkeeper/words/languages";
import { closingsOfDays } from "../closings/reading/report-facts.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { csvHeader, csvRows } from "./csv.ts";
import { bringUpToDate, type ReportDeps, shownOf } from "./make.ts";
import { type Month, type Place, pageOfMonth, reportedOf } from "./queries.ts";

/** So many reports are in memory at a time. */
const atOnce = 10;
const closingsAtOnce = 200;

/** The days of a month, YYYY-MM. */
export function monthOf(month: string): Month {
  const [year = 0, number = 0] = month.split("-").map(Number);
  const next =
    number === 12
      ? `${String(year + 1).padStart(4, "0")}-01`
      : `${month.slice(0, 4)}-${String(number + 1).padStart(2, "0")}`;
  return { from: `${month}-01`, before: `${next}-01` };
}

interface Wanted {
  accountId: string;
  month: string;
  languageOf: (country: string | null) => Language;
}

/** A month as CSV: the latest report of each closing, then provisional ones. It is read while it is sent. */
export function exportMonth(deps: ReportDeps, wanted: Wanted): Readable {
  return Readable.from(linesOf(deps, wanted), { objectMode: false });
}

async function* linesOf(deps: ReportDeps, { accountId, month: name, languageOf }: Wanted): AsyncGenerator<string> {
  const month = monthOf(name);
  yield csvHeader;
  let after: Place | undefined;
  do {
    const page = await inTenant(deps.db, accountId, (tx) =>
      pageOfMonth(tx, accountId, { month, after, limit: atOnce }),
    );
    for (const row of page) yield csvRows(shownOf(row), languageOf(shownOf(row).body.country));
    after = page.length === atOnce ? page.at(-1) : undefined;
  } while (after);
  let last: { day: string; id: string } | undefined;
  do {
    const page = await inTenant(deps.db, accountId, async (tx) => {
      const closings = await closingsOfDays(tx, accountId, { ...month, after: last, limit: closingsAtOnce });
      const reported = await reportedOf(
        tx,
        accountId,
        closings.map(({ id }) => id),
      );
      return closings.map((closing) => ({ ...closing, reported: reported.has(closing.id) }));
    });
    for (const { id, storeRef, reported } of page) {
      if (reported) continue;
      const shown = await bringUpToDate(deps, { accountId, id, storeRef });
      if (shown) yield csvRows(shown, languageOf(shown.body.country));
    }
    last = page.length === closingsAtOnce ? page.at(-1) : undefined;
  } while (last);
}
