import { type Static, Type } from "typebox";
import type { StoreCreate } from "./http/stores.ts";
import { Time } from "./scalars.ts";
import { simulatedFaultNames } from "./simulated-faults.ts";

/** Virtual terminals of one account are told by three digits of their serial numbers, and those from 900 on have faults. */
const mostTerminals = 899;

/** What a sandbox begins with, and has again after a reset: `tillkeeper sandbox --seed`. */
export const SandboxContent = Type.Object(
  {
    stores: Type.Optional(
      Type.Array(
        Type.Unsafe<StoreCreate & { store_id: string }>(
          Type.Object({ store_id: Type.String({ minLength: 1 }), store_name: Type.String({ minLength: 1 }) }),
        ),
        { minItems: 1, maxItems: 1_000 },
      ),
    ),
    /** By a name of the caller's, in the order of their ids: the first is `…-T0001`. */
    terminals: Type.Optional(
      Type.Record(
        // An object puts names that are numbers before all others, and the order decides about the ids.
        Type.String({ pattern: "^[A-Za-z][\\w-]{0,63}$" }),
        Type.Object(
          {
            store_id: Type.Optional(Type.String({ minLength: 1 })),
            fault: Type.Optional(Type.Enum(simulatedFaultNames)),
          },
          { additionalProperties: false },
        ),
        { maxProperties: mostTerminals, additionalProperties: false },
      ),
    ),
    /** Business time at the start, which must be ahead of real time. */
    clock: Type.Optional(Time),
  },
  { additionalProperties: false },
);
export type SandboxContent = Static<typeof SandboxContent>;
