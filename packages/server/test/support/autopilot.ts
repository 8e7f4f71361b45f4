import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { Autopilot } from "@tillkeeper/contract/http/store-configuration";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";
import { expect } from "vitest";
import { storeOf } from "./closings.ts";

/** A store that is closed by itself, with the questions about it. Stores are not spread: `time` is the time. */
export function autopilotOf(server: SharedServer, tenant: Tenant) {
  const store = storeOf(server, tenant);
  const configuration = store.path.replace("/closings", "/configuration");
  const { pool } = server.db;
  const storeId = store.path.split("/").at(-2);
  const placeOf = async () => {
    const { rows } = await pool.query(
      `select business_day::text as day, asked_at is not null as asked from store_autopilot as autopilot
       join stores on stores.account_id = autopilot.account_id and stores.id = autopilot.store_ref
       where stores.account_id = $1 and stores.store_id = $2`,
      [tenant.aid, storeId],
    );
    return [rows[0]?.day, rows[0]?.asked];
  };
  const patch = async (more: object) => {
    const body = { auto_end_of_day: more };
    return store.call("PATCH", configuration, body);
  };
  return {
    store,
    patch,
    configure: async (more: object = {}): Promise<void> => {
      await store.preview();
      const answer = await patch({ enabled: true, spread_minutes: 0, ...more });
      expect(answer.status).toBe(200);
    },
    /** Leaves the store alone from now on. */
    stop: () => patch({ enabled: false }),
    /** Waits until this day is the next one that is closed by itself. */
    untilPlanned: async (day: string) => {
      await expect.poll(placeOf, { timeout: 20_000 }).toEqual([day, false]);
    },
    /** Waits until this day was asked to be closed. */
    untilAsked: async (day: string) => {
      await expect.poll(placeOf, { timeout: 20_000 }).toEqual([day, true]);
    },
    /** Waits until no day is planned. */
    untilOff: async () => {
      await expect.poll(placeOf, { timeout: 20_000 }).toEqual([null, false]);
    },
    /** What the configuration says of it. */
    next: async (): Promise<Autopilot> => (await store.call("GET", configuration)).body.autopilot,
    /** The closing of a day; undefined if it has none. */
    closing: async (day: string): Promise<Closing | undefined> => {
      const { closings } = (await store.call("GET", `${store.path}?business_day=${day}`)).body;
      return closings[0] && store.read(closings[0].id);
    },
    /** What the events of missed days say. */
    missed: async (): Promise<object[]> => {
      const { rows } = await pool.query(
        `select data from (
           select account_id, data, at, type from events union all select account_id, data, at, type from new_events
         ) as event
         where account_id = $1 and type = 'store_closing_missed' and data->>'store_id' = $2
         order by data->>'business_day'`,
        [tenant.aid, storeId],
      );
      return rows.map(({ data }) => data);
    },
  };
}
