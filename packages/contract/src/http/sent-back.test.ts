import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { takesBack } from "./sent-back.ts";

const Bank = Type.Object({ number: Type.String() }, { additionalProperties: false });
const Body = Type.Object(
  {
    name: Type.Optional(Type.String()),
    bank: Type.Optional(Type.Union([Bank, Type.Null()])),
    banks: Type.Optional(Type.Array(Bank)),
    settings: Type.Optional(Type.Object({}, { additionalProperties: true })),
  },
  { additionalProperties: false, description: "What a caller sets." },
);
const ShownBank = Type.Object({ ...Bank.properties, country: Type.String() });
const Shown = Type.Object({
  ...Body.properties,
  id: Type.String(),
  owner_id: Type.String(),
  serial: Type.String(),
  status: Type.String(),
  bank: ShownBank,
  banks: Type.Array(ShownBank),
  settings: Type.Object({ inner: Type.String() }),
});

const readOnlyOf = ({ properties }: { properties?: object } = {}) =>
  Object.entries((properties ?? {}) as Record<string, { readOnly?: boolean }>)
    .filter(([, field]) => field.readOnly)
    .map(([name]) => name);

describe("a body that takes back what answers show", () => {
  // JSON Schema Validation 2020-12 section 9.4: a request with a readOnly value may be accepted, and the value ignored.
  it("has the answer's other fields as read-only ones, at every depth, and stays closed to the rest", () => {
    const schema = JSON.parse(JSON.stringify(takesBack(Body, Shown)));
    expect(readOnlyOf(schema)).toEqual(["id", "owner_id", "serial", "status"]);
    expect(readOnlyOf(schema.properties.bank.anyOf[0])).toEqual(["country"]);
    expect(schema.properties.bank.anyOf[1]).toEqual({ type: "null" });
    expect(readOnlyOf(schema.properties.banks.items)).toEqual(["country"]);
    expect(schema.properties.settings).toEqual({ type: "object", properties: {}, additionalProperties: true });
    expect(schema).toMatchObject({ additionalProperties: false, description: "What a caller sets." });
    expect(schema.required).toBeUndefined();
    expect(schema.properties.banks.items.required).toEqual(["number"]);
  });

  it("holds ids, and what only a creation sets, to their values, where it changes something", () => {
    const created = Type.Object({ ...Body.properties, serial: Type.String() });
    const unchanged = (schema: object) =>
      Object.entries((schema as { properties: Record<string, object> }).properties)
        .filter(([, field]) => "x-unchanged" in field)
        .map(([name]) => name);
    expect(unchanged(takesBack(Body, Shown, { created }))).toEqual(["id", "owner_id", "serial"]);
    expect(unchanged(takesBack(Body, Shown))).toEqual([]);
  });
});
