import { Type } from "typebox";
import { Check } from "typebox/value";

const EntrySchema = Type.Object({
  seq: Type.Integer(),
  at: Type.String(),
  account_id: Type.String(),
  actor: Type.String(),
  action: Type.String(),
  subject: Type.Object({ type: Type.String(), id: Type.String() }),
  before: Type.Unknown(),
  after: Type.Unknown(),
});

/** The checked fields in the text of an entry. */
export type EntryFields = Type.Static<typeof EntrySchema>;

/**
 * Parses the text of an entry. Returns undefined for any other text: the owner of a database may have stored anything
 * there.
 */
export function parseEntry(entry: string): EntryFields | undefined {
  try {
    const fields: unknown = JSON.parse(entry);
    return Check(EntrySchema, fields) ? fields : undefined;
  } catch {
    return undefined;
  }
}
