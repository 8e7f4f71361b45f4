import { type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Wanted } from "../source.ts";
import { always, type Span } from "../window.ts";
import { orderOf, placesByTimeAndNumber, placesWithin } from "./bounds.ts";
import { nearestOf } from "./one-at-a-time.ts";

export type ActivationRow = Selectable<Tables["activations"]>;
export type ConfigurationRow = Pick<
  Selectable<Tables["configurations"]>,
  "version" | "device_model" | "store_ref" | "created_at" | "created_by" | "withdrawn_at" | "withdrawn_by"
>;
export type ReleaseRow = Selectable<Tables["releases"]>;

/** Activations that began in the window, and those before that may have ended in it. */
export async function readActivations(wanted: Wanted): Promise<ActivationRow[]> {
  const { rows } = await sql<ActivationRow>`
    select fact.* from ${nearestOf(wanted, { table: "activations" })}
    cross join lateral (
      select * from activations as fact where fact.account_id = ${wanted.subject.accountId} and fact.id = near.id
      offset 0
    ) as fact`.execute(wanted.tx);
  return rows;
}

/** When a configuration was made or withdrawn, by the column of that instant. */
const instants = { configuration: "created_at", configuration_end: "withdrawn_at" } as const;

/** Configurations for all stores, or for those of the timeline, that count for one of its models. */
export async function readConfigurations(wanted: Wanted, source: keyof typeof instants): Promise<ConfigurationRow[]> {
  const { tx, subject, limit } = wanted;
  const at = sql.raw(`fact.${instants[source]}`);
  const order = orderOf(wanted);
  const everywhere = spanOf(subject.stores);
  const places = [
    ...placesWithin(wanted, subject.stores, source).map((place) => ({ place, scope: sql`fact.store_ref = place.id` })),
    ...placesWithin(wanted, [{ id: "", ...everywhere }], source).map((place) => ({
      place,
      scope: sql`fact.store_ref is null`,
    })),
  ];
  const found: ConfigurationRow[] = [];
  for (const { place, scope } of places) {
    const { rows } = await sql<ConfigurationRow>`
      select fact.* from ${placesByTimeAndNumber.of([place], "place")}
      cross join lateral (
        select * from configurations as fact
        where fact.account_id = ${subject.accountId} and ${scope}
          and (fact.device_model is null or fact.device_model = any(${subject.models}::text[]))
          and ${at} is not null and (${at}, fact.version) > (place.above_at, place.above_number::integer)
          and (${at}, fact.version) < (place.below_at, place.below_number::integer)
        order by ${at} ${order}, fact.version ${order} limit ${limit}
      ) as fact`.execute(tx);
    found.push(...rows);
  }
  return found;
}

function spanOf(places: readonly Span[]): Span {
  if (places.length === 0) return always;
  return { from: Math.min(...places.map(({ from }) => from)), until: Math.max(...places.map(({ until }) => until)) };
}

/** All releases of the timeline's models that terminals could get: a model has few. */
export async function readReleases({ tx, subject }: Wanted): Promise<ReleaseRow[]> {
  const { rows } = await sql<ReleaseRow>`
    select * from releases
    where account_id = ${subject.accountId} and device_model = any(${subject.models}::text[]) and available_at is not null`.execute(
    tx,
  );
  return rows;
}
