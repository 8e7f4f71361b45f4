import type pg from "pg";
import type { ToldClosing, ToldMissed } from "./checker/history.ts";

interface ReportRow {
  closing_id: string;
  business_day: string;
  store_id: string;
  totals: { batches_count: number; purchases_count?: number; purchases_amount?: number }[];
  terminals: {
    terminal_id: string;
    state: string;
    close?: { id: string; result?: { purchases_count?: number; purchases_amount?: number } };
  }[];
}

const pageRows = 5_000;

/** The last report of every closing. */
export async function readReports(database: pg.Pool): Promise<ToldClosing[]> {
  const closings: ToldClosing[] = [];
  for (let after = ""; ; ) {
    const { rows } = await database.query<ReportRow>(
      `select distinct on (closing_id::text) closing_id::text, business_day::text,
         body::jsonb #>> '{closing,store_id}' as store_id, body::jsonb #> '{closing,totals}' as totals,
         body::jsonb #> '{closing,terminals}' as terminals
       from closing_reports where closing_id::text > $1 order by closing_id::text, number desc limit ${pageRows}`,
      [after],
    );
    closings.push(...rows.map(toldClosing));
    if (rows.length < pageRows) return closings;
    after = rows.at(-1)?.closing_id ?? "";
  }
}

function toldClosing({ closing_id: id, business_day: businessDay, store_id: storeId, totals, terminals }: ReportRow) {
  const [total] = totals;
  return {
    id,
    storeId,
    businessDay,
    totals: total && {
      batches: total.batches_count,
      count: total.purchases_count ?? 0,
      amount: total.purchases_amount ?? 0,
    },
    terminals: terminals.map(({ terminal_id: terminalId, state, close }) => ({
      terminalId,
      state,
      ...(close && { closeId: close.id }),
      ...(close?.result && {
        count: close.result.purchases_count ?? 0,
        amount: close.result.purchases_amount ?? 0,
      }),
    })),
  };
}

interface MissedRow {
  at: Date;
  data: { store_id: string; business_day: string; reason: string; terminals: { terminal_id: string }[] };
}

/** All events of missed days. */
export async function readMissed(database: pg.Pool): Promise<ToldMissed[]> {
  const { rows } = await database.query<MissedRow>(
    `select at, data from (select at, type, data from events union all select at, type, data from new_events) as event
     where type = 'store_closing_missed' order by at`,
  );
  return rows.map(({ at, data }) => ({
    storeId: data.store_id,
    businessDay: data.business_day,
    reason: data.reason,
    at: at.getTime(),
    terminals: data.terminals.map(({ terminal_id: id }) => id),
  }));
}

/** Every operation that a closing sent. */
export async function readOperations(
  database: pg.Pool,
): Promise<Map<string, { closingId: string; terminalId: string }>> {
  const { rows } = await database.query<{ operation_id: string; closing_id: string; terminal_id: string }>(
    "select operation_id::text, closing_id::text, terminal_id from closing_attempts where operation_id is not null",
  );
  return new Map(
    rows.map(({ operation_id: id, closing_id: closingId, terminal_id: terminalId }) => [id, { closingId, terminalId }]),
  );
}

/** Store and business day of every closing, also of one without a report. */
export async function readClosings(database: pg.Pool): Promise<Map<string, { storeId: string; businessDay: string }>> {
  const { rows } = await database.query<{ id: string; store_id: string; business_day: string }>(
    `select closing.id::text, store.store_id, closing.business_day::text
     from closings as closing join stores as store on store.account_id = closing.account_id and store.id = closing.store_ref`,
  );
  return new Map(rows.map(({ id, store_id: storeId, business_day: businessDay }) => [id, { storeId, businessDay }]));
}
