import { takesBack } from "@tillkeeper/contract/http/sent-back";
import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { takeBackOf } from "./sent-back.ts";

const Bank = Type.Object({ number: Type.String() }, { additionalProperties: false });
const Body = Type.Object(
  { name: Type.String(), bank: Type.Union([Bank, Type.Null()]), banks: Type.Array(Bank) },
  { additionalProperties: false },
);
const ShownBank = Type.Object({ ...Bank.properties, id: Type.String(), verified: Type.Boolean() });
const Shown = Type.Object({
  ...Body.properties,
  id: Type.String(),
  status: Type.String(),
  bank: ShownBank,
  banks: Type.Array(ShownBank),
});
const takeBack = takeBackOf(takesBack(Body, Shown, { created: Body }));

describe("read-only fields of a body", () => {
  it("are gone before anything reads it, at every depth, and what must be the same is told", () => {
    const bank = { number: "1", id: "b", verified: true };
    const body = { name: "one", id: "i", status: "ACTIVE", bank, banks: [bank, { number: "2", verified: false }] };
    expect(takeBack?.(body)).toEqual({ id: "i" });
    expect(body).toEqual({ name: "one", bank: { number: "1" }, banks: [{ number: "1" }, { number: "2" }] });
  });

  it("leave bodies alone that have another shape, for the validation to refuse", () => {
    for (const body of [
      null,
      undefined,
      "text",
      1,
      [],
      [[{ id: "i" }]],
      { bank: null, banks: "none" },
      { banks: [null, 1] },
    ]) {
      const before = structuredClone(body);
      expect(takeBack?.(body)).toEqual({});
      expect(body).toEqual(before);
    }
    const unknown = { name: "one", bank: { number: "1", other: 1 }, other: 1 };
    takeBack?.(unknown);
    expect(unknown).toEqual({ name: "one", bank: { number: "1", other: 1 }, other: 1 });
  });

  it("are none where the schema has none", () => {
    expect(takeBackOf(Body)).toBeUndefined();
  });
});
