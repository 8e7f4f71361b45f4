import { type RawBuilder, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import { lowestId } from "../../platform/ids.ts";
import type { SourceName } from "../position.ts";
import type { Place, Wanted } from "../source.ts";
import { type Bound, type Bounds, boundsOf, isOpen, narrowed } from "../window.ts";

/** A place, with the bounds that a source has there. */
export type BoundPlace = Place & Bounds;

/** The bounds of a source in each place; places without any are left out. */
export function placesWithin<P extends Place>(
  { window }: Wanted,
  places: readonly P[],
  source: SourceName,
): (P & Bounds)[] {
  const bounds = boundsOf(window, source);
  return places.flatMap((place) => {
    const own = narrowed(bounds, { above: { at: place.from }, below: { at: place.until } });
    return isOpen(own) ? [{ ...place, ...own }] : [];
  });
}

/** The order in which a window is read, from its edge on. */
export function orderOf({ window }: Wanted): RawBuilder<unknown> {
  return window.order === "older" ? sql`desc` : sql`asc`;
}

/** The id that stands for a bound, in the order of ids of version 7. No id is the lowest of its instant. */
export const idBound = ({ at, key }: Bound): string => key ?? lowestId(new Date(at));

/** Places with bounds for sources that are read by such ids: `place (id, above, below)`. */
export const placesById = batchTable<BoundPlace>({
  id: ["text", ({ id }) => id],
  above: ["uuid", ({ above }) => idBound(above)],
  below: ["uuid", ({ below }) => idBound(below)],
});

export const noId = "00000000-0000-0000-0000-000000000000";

/** The same for sources that are read by an instant and an id: `place (id, above_at, above_id, below_at, below_id)`. */
export const placesByTimeAndId = batchTable<BoundPlace>({
  id: ["text", ({ id }) => id],
  above_at: ["timestamptz", ({ above }) => new Date(above.at)],
  above_id: ["uuid", ({ above }) => above.key ?? noId],
  below_at: ["timestamptz", ({ below }) => new Date(below.at)],
  below_id: ["uuid", ({ below }) => below.key ?? noId],
});

/** The same for sources that are read by an instant and a number. */
export const placesByTimeAndNumber = batchTable<BoundPlace>({
  id: ["text", ({ id }) => id],
  above_at: ["timestamptz", ({ above }) => new Date(above.at)],
  above_number: ["bigint", ({ above }) => Number(above.key ?? -1)],
  below_at: ["timestamptz", ({ below }) => new Date(below.at)],
  below_number: ["bigint", ({ below }) => Number(below.key ?? -1)],
});
