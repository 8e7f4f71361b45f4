import type { Random } from "../../chaos/src/random.ts";
import { missingOf } from "./values.ts";
import type { World } from "./world.ts";

const mostMade = 300;

/** The own account's ids: those of the world, which stay, and those that the run has made. */
export class Pools {
  readonly #world: World;
  readonly #made = new Map<string, string[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A newer one takes the place of the oldest. */
  add(kind: string, id: string): void {
    const ids = this.#made.get(kind) ?? [];
    this.#made.set(kind, [...ids.slice(-(mostMade - 1)), id]);
  }

  /** What a path names has ended. */
  forget(path: string): void {
    const parts = new Set(path.split(/[/?]/).map(decodeURIComponent));
    for (const [kind, ids] of this.#made)
      this.#made.set(
        kind,
        ids.filter((id) => !parts.has(id)),
      );
  }

  /** Picks ids for one request. What the request ends must have been made by the run. */
  picker(random: Random, destructive: boolean): (kind: string) => string {
    const { own, waiting } = this.#world;
    const index = random.integer(0, 1_000);
    return (kind) => {
      if (kind === "update_operation_id") return waiting.check_update.transfer.operationId;
      if (kind === "logs_operation_id") return waiting.send_logs.transfer.operationId;
      const ids = own.ids[kind] ?? ["x"];
      const made = this.#made.get(kind) ?? [];
      const fixed = ["aid", "oid", "account_id"].includes(kind);
      if (!fixed && destructive) return made.length > 0 ? random.pick(made) : missingOf(ids[0] as string);
      if (!fixed && made.length > 0 && random.chance(0.3)) return random.pick(made);
      // One index for all: a secret with its own client.
      return ids[index % ids.length] as string;
    };
  }
}
