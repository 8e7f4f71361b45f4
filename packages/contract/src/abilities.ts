import { type Static, Type } from "typebox";
import { limits } from "./limits.ts";
import { type OperationName, operationNames } from "./operations.ts";

/** One operation that a device can do, as it says itself. */
export const Ability = Type.Object(
  {
    // Also one that only another version knows.
    operation: Type.String({ pattern: "^[a-z][a-z0-9_]{0,63}$" }),
    max_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.operationTimeoutSecondsMax,
        description: "How long it takes at most, from its beginning to its result.",
      }),
    ),
  },
  { additionalProperties: true },
);
export type Ability = Static<typeof Ability>;

export const Abilities = Type.Array(Ability, {
  maxItems: limits.mqttHelloAbilities,
  description: "Which operations the device can do. Nothing else is sent to it; left out: it can do all.",
});
export type Abilities = Static<typeof Abilities>;

/**
 * The same by operation, as it is kept: how many seconds at most, null where the device does not say. Null as a whole: it can
 * do everything.
 */
export type AbilityTable = Record<string, number | null> | null;

/** Of an operation that is named twice the last word counts. */
export function abilityTable(abilities: Abilities | undefined): AbilityTable {
  if (!abilities) return null;
  return Object.fromEntries(abilities.map(({ operation, max_seconds = null }) => [operation, max_seconds]));
}

/** As answers show them: of the operations that this version knows. */
export function abilitiesOf(table: Exclude<AbilityTable, null>): (Ability & { operation: OperationName })[] {
  return operationNames.flatMap((operation) => {
    const seconds = table[operation];
    if (seconds === undefined) return [];
    return [{ operation, ...(seconds !== null && { max_seconds: seconds }) }];
  });
}
