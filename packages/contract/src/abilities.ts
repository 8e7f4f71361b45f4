import { type Static, Type } from "typebox";
import { limits } from "./limits.ts";
import { type OperationName, operationNames } from "./operations.ts";

/** One operation that a device reports to be able to do. */
export const Ability = Type.Object(
  {
    // Not the names of this version alone: an agent may know operations of another one.
    operation: Type.String({ pattern: "^[a-z][a-z0-9_]{0,63}$" }),
    max_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.operationTimeoutSecondsMax,
        description: "The seconds that it takes at most, from its beginning to its result.",
      }),
    ),
  },
  { additionalProperties: true },
);
export type Ability = Static<typeof Ability>;

export const Abilities = Type.Array(Ability, {
  maxItems: limits.mqttHelloAbilities,
  description: "The operations that the device can do; no others are sent to it. Left out: it can do all.",
});
export type Abilities = Static<typeof Abilities>;

/**
 * Abilities as the database keeps them: the greatest number of seconds by operation, null where the device names none. Null in
 * place of a table: the device can do everything.
 */
export type AbilityTable = Record<string, number | null> | null;

/** The table of reported abilities. Of an operation that is named twice the last entry counts. */
export function abilityTable(abilities: Abilities | undefined): AbilityTable {
  if (!abilities) return null;
  return Object.fromEntries(abilities.map(({ operation, max_seconds = null }) => [operation, max_seconds]));
}

/** Abilities as answers show them: only operations of this version. */
export function abilitiesOf(table: Exclude<AbilityTable, null>): (Ability & { operation: OperationName })[] {
  return operationNames.flatMap((operation) => {
    const seconds = table[operation];
    if (seconds === undefined) return [];
    return [{ operation, ...(seconds !== null && { max_seconds: seconds }) }];
  });
}
