import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../platform/errors.ts";
import { bytesOf, messageSplitter, RawMessage } from "./split-messages.ts";

const inMessages = { list: "messages", field: "message" };
const split = messageSplitter({ ...inMessages, messages: 50, values: 100, bytes: 1_000 });

/** The request with the text of each message. */
function texts(text: string | Buffer): unknown {
  return JSON.parse(
    JSON.stringify(split(Buffer.from(text)), (_key, value) =>
      value instanceof RawMessage ? `raw ${value.bytes.toString("latin1")}` : value,
    ),
  );
}

function refusal(text: string | Buffer): ApiError {
  try {
    split(Buffer.from(text));
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error(`taken: ${text.toString().slice(0, 100)}`);
}

const said = (...messages: string[]) =>
  `{"session": "s", "messages": [${messages.map((message) => `{"channel":"hello","message":${message}}`).join(", ")}]}`;
const shown = (...messages: string[]) => ({
  session: "s",
  messages: messages.map((message) => ({ channel: "hello", message: `raw ${message}` })),
});

describe("a request with messages", () => {
  // RFC 8259 section 4, and nst/JSONTestSuite: what parsers differ about, or refuse.
  it.each([
    ["a name twice", '{"a":1,"a":2}'],
    ["a name that reaches a prototype", '{"__proto__":{}}'],
    ["nesting without end", `${"[".repeat(400)}${"]".repeat(400)}`],
    ["bytes that are not UTF-8", '{"a":"\xff\xfe"}'],
    ["words that are none", '{"a":tru,"b":NaN,"c":-}'],
    ["a text with brackets and quotes", '{"a":"\\"}]},{\\\\"}'],
    ["a control character in a text", '"a\u0001"'],
    ["more bytes than a message may have", `"${"x".repeat(1_000)}"`],
    ["more values than a message may have", `[${"0,".repeat(100)}0]`],
    ["a number", "-1.5e3"],
    ["nothing", "null"],
  ])("keeps each as it was sent, whatever is in it: %s", (_name, message) => {
    const others = ['{"b":2}', "[]"];
    const body = Buffer.from(said(others[0] as string, message, others[1] as string), "latin1");
    expect(texts(body)).toEqual(shown(others[0] as string, message, others[1] as string));
  });

  it("is read like any other JSON around them", () => {
    expect(texts('{"session":"s"}')).toEqual({ session: "s" });
    expect(texts('{"messages":[],"session":"s","more":[{"message":1}]}')).toMatchObject({ more: [{ message: 1 }] });
    expect(texts('{"messages":[{"channel":"hello"},{"message":1},7]}')).toEqual({
      messages: [{ channel: "hello" }, { message: "raw 1" }, 7],
    });
    expect(texts('\n{ "messages" :\t[ { "message" :\r\n {"a": 1} , "channel" : "hello" } ] } ')).toEqual({
      messages: [{ channel: "hello", message: 'raw {"a": 1}' }],
    });
    // Spelled otherwise, the names are not found, and the messages are read with the rest.
    expect(texts('{"mess\\u0061ges":[{"message":{"a":1}}]}')).toEqual({ messages: [{ message: { a: 1 } }] });
    expect(texts('{"messages":[{"mess\\u0061ge":0},{"message":1}]}')).toEqual({
      messages: [{ message: 0 }, { message: 1 }],
    });
    for (const text of ["null", "[]", '"messages"', "7"]) expect(texts(text)).toEqual(JSON.parse(text));
  });

  it("is refused for what is wrong around them", () => {
    for (const [text, code, path] of [
      ['{"messages":[{"message":1,"message":2}]}', "invalid_request", "/body/messages/0/message"],
      ['{"messages":[],"messages":[{"message":2}]}', "invalid_request", "/body/messages"],
      ['{"messages":[{"channel":"a","channel":"b","message":2}]}', "invalid_request", "/body/messages/0/channel"],
      ['{"__proto__":1,"messages":[{"message":2}]}', "invalid_request", "/body/__proto__"],
      ['{"messages":[{"message":1}', "invalid_json", "/body"],
      ['{"messages":[{"message":{"a":[}}]}', "invalid_json", "/body"],
      ['{"messages":[{"message":"a}]}', "invalid_json", "/body"],
      ['{"messages":[{"message":,"channel":"a"}]}', "invalid_json", "/body"],
      ['{"messages":[{"message":1 2}]}', "invalid_json", "/body"],
      ['{"messages":[{"message":1}]} x', "invalid_json", "/body"],
      ['{"messages":[{"message":1}],}', "invalid_json", "/body"],
      ["", "invalid_json", "/body"],
    ] as const)
      expect([text, refusal(text)]).toMatchObject([text, { code, errors: [{ path }] }]);
    expect(refusal(Buffer.from('{"session":"\xff"}', "latin1"))).toMatchObject({ code: "invalid_json" });
    // The line is that of the whole body.
    expect(refusal('{"messages":[{"message":{\n\n}}],\n x}').errors).toMatchObject([{ line: 4 }]);
  });

  it("has a bound on the values of all messages that it may have, and on their number", () => {
    const list = (values: number) =>
      `[${Array(values - 1)
        .fill("0")
        .join()}]`;
    expect(texts(said(list(50), list(50)))).toEqual(shown(list(50), list(50)));
    expect(refusal(said(list(50), list(51)))).toMatchObject({
      errors: [{ path: "/body", message: "must not have more than 100 values" }],
    });
    // One that is not taken does not count for the others.
    expect(texts(said(list(100), list(101)))).toEqual(shown(list(100), list(101)));
    const many = texts(said(...Array(51).fill("7"))) as { messages: { message: unknown }[] };
    expect(many.messages).toHaveLength(51);
  });

  it("may have a list of messages themselves", () => {
    const results = messageSplitter({ list: "results", messages: 2, values: 100, bytes: 1_000 });
    const bytes = (text: string) =>
      (results(Buffer.from(text)) as { results: unknown[] }).results.map(bytesOf).map(String);
    expect(bytes('{"results":[{"a":1,"a":2} , [] ],"address":"x"}')).toEqual(['{"a":1,"a":2}', "[]"]);
    expect(bytes('{"results":[1,2,3]}')).toEqual(["1", "2", "3"]);
    expect(bytes('{"results":[]}')).toEqual([]);
  });

  it("finds the same messages as JSON.parse, and counts their values", () => {
    const wide = messageSplitter({ ...inMessages, messages: 50, values: 1_000_000, bytes: 1_000_000 });
    const message = fc.json({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const body = Buffer.from(said(...messages));
        const { messages: found } = wide(body) as { messages: { message: RawMessage }[] };
        expect(found.map((entry) => entry.message.bytes.toString())).toEqual(messages.map((text) => text.trim()));
      }),
    );
    fc.assert(
      fc.property(message, (text) => {
        const values = valuesIn(JSON.parse(text));
        const bounded = (most: number) =>
          messageSplitter({ ...inMessages, messages: 50, values: most, bytes: 1_000_000 });
        const body = Buffer.from(said(text, "0"));
        expect(() => bounded(values)(body)).toThrow("not valid");
        expect(() => bounded(values + 1)(body)).not.toThrow();
      }),
    );
  });
});

function valuesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + valuesIn(inner), 1);
}
