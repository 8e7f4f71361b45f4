import { UpdateQuery } from "@tillkeeper/contract/http/device-updates";
import { PairRequest } from "@tillkeeper/contract/http/devices";
import { messages } from "@tillkeeper/contract/mqtt/messages";
import { type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { operationResults } from "@tillkeeper/contract/operations";
import { isFreeText } from "@tillkeeper/contract/texts";
import { describe, expect, it } from "vitest";
import { hasFreeText, textReader } from "../../logs/masking/device-texts.ts";
import { readMessage } from "./message.ts";

interface Form {
  contentMediaType?: string;
  type?: string;
  pattern?: string;
  format?: string;
  enum?: unknown;
  const?: unknown;
  maxLength?: number;
  properties?: Record<string, Form>;
  items?: Form;
}

/** Lists every text in a schema. */
function textsIn(form: Form, path: string): { path: string; form: Form }[] {
  if (form.properties)
    return Object.entries(form.properties).flatMap(([name, inner]) => textsIn(inner, `${path}/${name}`));
  if (form.items) return textsIn(form.items, `${path}/*`);
  return form.type === "string" ? [{ path, form }] : [];
}

/** Texts that are compared or looked up, and never stored or shown. */
const neverKept = new Set(["pair/code", "pair/proof"]);

const [card, masked] = ["4111 1111 1111 1111", "4111 11** **** 1111"];
const id = "019cb0f2-7a31-7c44-9d1e-5a0b6f2c8e10";
const at = "2026-06-29T09:00:00.000Z";
const told: Partial<Record<UpChannel, object>> = {
  hello: {
    protocol: 1,
    agent: `till ${card}`,
    sent_at: at,
    session: "a",
    operations: [{ operation_id: id, phase: "started", note: card }],
  },
  result: {
    operation_id: id,
    operation: "open_menu",
    status: "FAILED",
    finished_at: at,
    reason: "device_error",
    error: { code: "declined", message: `declined card ${card} track ;4111111111111111=2912?` },
    result: { note: card },
  },
  cancel_refused: { operation_id: id, error: { code: "too_late", message: card } },
  heartbeat: {
    session: "a",
    sent_at: at,
    telemetry: { software_version: "4.1.2", battery: { percent: 5, note: card }, note: card },
    fault: { code: "tamper", message: `at ${card}`, note: card },
  },
  goodbye: { session: "a", note: card },
  gone: { session: "a", note: card },
  delivered: { operation_id: id, received_at: at, note: card },
  started: { operation_id: id, started_at: at, note: card },
  probe_answer: { probe_id: id, note: card },
};

describe("what devices say", () => {
  it("consists of identifiers with a pattern, and of free text", () => {
    const schemas = [
      ...upChannels.map((channel) => [channel, messages[channel]] as const),
      ...Object.entries(operationResults),
      ["pair", PairRequest] as const,
      ["update", UpdateQuery] as const,
    ];
    const texts = schemas.flatMap(([name, schema]) => textsIn(schema as Form, name));
    expect(texts.length).toBeGreaterThan(40);
    for (const { path, form } of texts.filter((text) => !neverKept.has(text.path))) {
      const fixed = form.enum !== undefined || form.const !== undefined || form.format !== undefined;
      const identifier = form.pattern !== undefined;
      // No sentence fits the pattern of an identifier.
      if (identifier) expect([path, new RegExp(form.pattern ?? "").test(`paid by ${card}`)]).toEqual([path, false]);
      else if (!fixed) expect([path, form.maxLength !== undefined]).toEqual([path, true]);
      expect([path, [fixed, identifier, isFreeText(form)].filter(Boolean)]).toEqual([path, [true]]);
    }
  });

  it("is kept without card numbers, in whichever place it has them", () => {
    for (const channel of upChannels) {
      const read = readMessage(channel, Buffer.from(JSON.stringify(told[channel])));
      expect([channel, read.places]).toEqual([channel, undefined]);
      expect(JSON.stringify(read)).not.toMatch(/1111 1111|1{10}/);
    }
    const readAs = (channel: UpChannel) => readMessage(channel, Buffer.from(JSON.stringify(told[channel])));
    expect(readAs("result")).toMatchObject({
      message: { error: { message: `declined card ${masked} track ;411111******1111=2912?` } },
    });
    expect(readAs("heartbeat")).toMatchObject({ message: { fault: { code: "tamper", message: `at ${masked}` } } });
    expect(readAs("hello")).toMatchObject({ message: { agent: `till ${masked}`, operations: [{ phase: "started" }] } });
    expect(hasFreeText(PairRequest)).toBe(true);
    const pairing = { device_serial_number: "4111111111111111", code: "7K3M-92XD", proof: "x", agent: card };
    expect(textReader(PairRequest)(pairing)).toEqual({ ...pairing, agent: masked });
  });

  it("keeps identifiers as they are, whatever they look like", () => {
    const result = {
      outcome: "accepted",
      batch_id: "4111111111111111",
      start_of_day_at: at,
      last_end_of_day_at: at,
      purchases_count: 1,
      purchases_amount: 4_111_111_111_111_111,
      reversals_count: 0,
      reversals_amount: 0,
      sale_amount: 4_111_111_111_111_111,
      tip_amount: 0,
      currency: "NOK",
    };
    const said = { operation_id: id, operation: "end_of_day", status: "COMPLETED", finished_at: at, result };
    expect(readMessage("result", Buffer.from(JSON.stringify(said)))).toEqual({ message: said });
    const spaced = { ...said, result: { ...result, batch_id: card } };
    const refused = readMessage("result", Buffer.from(JSON.stringify(spaced)));
    expect(refused).toMatchObject({ places: [{ path: "/result/batch_id" }], operationId: id });
  });

  it("has no code that holds a card number", () => {
    for (const [code, taken] of [
      ["e_12345678901", true],
      ["declined_4111111111111111", false],
      ["declined_4111_1111_1111_1111", false],
      [`a${"1_".repeat(30)}`, false],
    ] as const) {
      const said = { ...told.result, error: { code, message: "" } };
      const { places } = readMessage("result", Buffer.from(JSON.stringify(said)));
      expect([code, places?.[0]?.path]).toEqual([code, taken ? undefined : "/error/code"]);
    }
  });

  it("keeps of a result that nobody can read its operation, and its place in the log as the log can hold it", () => {
    const said = { number: 7, operation_id: id, operation: "open_menu", status: "COMPLETED", finished_at: at };
    const unreadable = (more: object) => {
      const read = readMessage("result", Buffer.from(JSON.stringify({ ...said, ...more, result: { opened: "?" } })));
      return read.places ? read.unreadable : "it can be read";
    };
    const whole = {
      id,
      operation: "open_menu",
      entry: { number: 7, after: 6, mayHaveClosed: false },
      error: { code: "invalid_result", message: "/result/opened must be boolean" },
    };
    expect(unreadable({})).toEqual(whole);
    expect(unreadable({ after: 0 })).toEqual({ ...whole, entry: { ...whole.entry, after: 0 } });
    expect(unreadable({ operation: "dance" })).toMatchObject({ operation: "dance", entry: whole.entry });
    const withoutEntry = {
      number: [undefined, null, 0, -1, 1.5, 2 ** 31, 1e300, "7", {}],
      after: [null, -1, 1.5, 2 ** 31, 1e300, "6", {}, [6]],
    };
    for (const [field, values] of Object.entries(withoutEntry)) {
      for (const value of values)
        expect([field, value, unreadable({ [field]: value })]).toMatchObject([
          field,
          value,
          { id, operation: "open_menu", entry: null },
        ]);
    }
    for (const operation of [undefined, null, 7, {}, "a\0b", "a\ud800", "a".repeat(65)])
      expect(unreadable({ operation })).toMatchObject({ id, operation: null, entry: null });
    for (const operation_id of [undefined, null, 7, "", `urn:uuid:${id}`, `{${id}}`, [id]])
      expect([operation_id, unreadable({ operation_id })]).toEqual([operation_id, undefined]);
  });

  // Card numbers may stand anywhere in a message, also in names of fields.
  it("names the places of such a result in a text that can be kept and shown", () => {
    const said = { number: 7, operation_id: id, operation: "open_menu", status: "FAILED", finished_at: at };
    const errorOf = (text: string) => {
      const read = readMessage("result", Buffer.from(text));
      return read.places && read.unreadable?.error.message;
    };
    const head = JSON.stringify(said).slice(0, -1);
    expect(errorOf(`${head},"${card}":"\\u0000"}`)).toBe(`/${masked} must not contain a NUL character`);
    expect(errorOf(`${head},"a\\u0000":1,"a\\u0000":2}`)).toMatch(/^\/a\ufffd is there more than once/);
    expect(errorOf(`${head},"${"long ".repeat(200)}":"\\u0000"}`)).toMatch(/^.{499}…$/);
    expect(errorOf(`${head},"many":[${"0,".repeat(6_000)}0]}`)).toBe("the result must not have more than 5000 values");
  });
});

/** nst/JSONTestSuite and RFC 8259 section 4: what parsers differ about. */
describe("the JSON of a message", () => {
  const result = `"number":7,"operation_id":"${id}","operation":"open_menu","status":"FAILED","finished_at":"${at}"`;
  const read = (text: string | Buffer) => readMessage("result", Buffer.from(text));
  const entry = { number: 7, after: 6, mayHaveClosed: false };
  const deep = `${"[".repeat(17)}${"]".repeat(17)}`;

  it.each([
    ["a name twice within it", `{${result},"note":{"a":1,"a":2}}`, "/note/a", { id, entry }],
    ["a name that reaches a prototype", `{${result},"note":{"__proto__":{}}}`, "/note/__proto__", { id, entry }],
    ["nesting without end", `{${result},"note":${deep}}`, "/note/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0", { id, entry }],
    ["more values than a message may have", `{${result},"note":[${"0,".repeat(5_000)}0]}`, "", { id, entry }],
    ["more bytes than a message may have", `{${result},"note":"${"x".repeat(65_536)}"}`, "", { id, entry }],
    [
      "a name of its own twice: its place in the log may be another",
      `{${result},"number":8}`,
      "/number",
      { id, entry: null },
    ],
  ])("is refused with %s", (_name, text, path, unreadable) => {
    expect(read(text)).toMatchObject({ places: [{ path }], operationId: id, unreadable });
  });

  it("is nothing but JSON in UTF-8", () => {
    for (const text of ["{", "", `{${result},}`, Buffer.from(`{${result},"note":"\u00e5"}`, "latin1")])
      expect(read(text)).toMatchObject({ places: [{ path: "", message: "is not JSON" }], unreadable: undefined });
  });
});
