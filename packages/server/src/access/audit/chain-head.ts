import { Type } from "typebox";
import { Check } from "typebox/value";

const ToldSchema = Type.Object({
  seq: Type.Integer(),
  at: Type.String(),
  account_id: Type.String(),
  actor: Type.String(),
  action: Type.String(),
  subject: Type.Object({ type: Type.String(), id: Type.String() }),
  before: Type.Unknown(),
  after: Type.Unknown(),
});

/** What the text of an entry tells, as far as it is checked. */
export type Told = Type.Static<typeof ToldSchema>;

/** Undefined for a text that is no entry: the owner of a database may have put anything there. */
export function readTold(entry: string): Told | undefined {
  try {
    const told: unknown = JSON.parse(entry);
    return Check(ToldSchema, told) ? told : undefined;
  } catch {
    return undefined;
  }
}
