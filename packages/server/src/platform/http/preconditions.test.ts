import type { Resource } from "@tillkeeper/contract/http/resource";
import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { ApiError } from "../errors.ts";
import { Expectations, tagOf } from "./preconditions.ts";

const schema = Type.Object({ name: Type.String(), updated_at: Type.String(), parts: Type.Array(Type.String()) });
const resource: Resource = { path: "/things/:id", schema, beside: ["parts"] };
const thing = { name: "one", updated_at: "2026-01-01T10:00:00Z", parts: ["a"] };
const tag = tagOf(resource, thing);
const opaque = tag.slice(1, -1);

/** The outcome of a change: the code of its refusal, or `done`. */
function change(headers: Record<string, string>, sentBack = {}, shown: object = thing): string {
  try {
    new Expectations(resource, headers, sentBack).check(shown);
    return "done";
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe("tags", () => {
  it("are strong, and differ with all that is shown: RFC 9110 section 8.8.1", () => {
    expect(tag).toMatch(/^"[\w-]{22}\.[\w-]{22}"$/);
    const others = [
      { ...thing, name: "two" },
      { ...thing, parts: [] },
    ].map((one) => tagOf(resource, one));
    expect(new Set([tag, ...others]).size).toBe(3);
    expect(tagOf({ path: "", schema }, thing)).toMatch(/^"[\w-]{22}"$/);
  });

  it("have no part of what is not the resource's, so that a secret that is shown once leaves no trace", () => {
    expect(tagOf(resource, { ...thing, client_secret: "shown once" })).toBe(tag);
  });
});

describe("If-Match", () => {
  it.each([
    ["done", tag],
    ["done", "*"],
    ["done", `"other", ${tag}`],
    ["done", `,, "other" ,\t${tag},`],
    ["done", `"${opaque.split(".")[0]}.more"`],
    ["precondition_failed", '"other"'],
    ["precondition_failed", '""'],
    // Strong comparison: RFC 9110 section 13.1.1.
    ["precondition_failed", `W/${tag}`],
    ["precondition_failed", `"a,${opaque}"`],
    ["precondition_failed", `"${opaque.toLowerCase()}"`],
    // A tag holds no blank: RFC 9110 section 8.8.3.
    ["invalid_request", `"${opaque} "`],
    ["invalid_request", opaque],
    ["invalid_request", `${tag}${tag}`],
    ["invalid_request", `w/${tag}`],
    ["invalid_request", `"open`],
    ["invalid_request", `*, ${tag}`],
    ["invalid_request", ""],
    ["invalid_request", " , "],
  ])("is %s with %s", (outcome, header) => {
    expect(change({ "if-match": header })).toBe(outcome);
  });

  it("holds while others change what is shown beside the resource, and no longer", () => {
    expect(change({ "if-match": tag }, {}, { ...thing, parts: ["a", "b"] })).toBe("done");
    expect(change({ "if-match": tag }, {}, { ...thing, name: "two" })).toBe("precondition_failed");
  });
});

describe("If-None-Match", () => {
  // RFC 9110 section 13.1.2: weak comparison, and 412 for all but GET and HEAD.
  it.each([
    ["precondition_failed", "*"],
    ["precondition_failed", tag],
    ["precondition_failed", `"other", W/${tag}`],
    ["done", '"other"'],
  ])("of a change is %s with %s", (outcome, header) => {
    expect(change({ "if-none-match": header })).toBe(outcome);
  });

  it("of a read knows what is shown whole only", () => {
    const knows = (header: string, shown: object = thing) =>
      new Expectations(resource, { "if-none-match": header }).isKnown(shown);
    expect(knows(tag)).toBe(true);
    expect(knows(`"other", W/${tag}`)).toBe(true);
    expect(knows("*")).toBe(true);
    expect(knows('"other"')).toBe(false);
    expect(knows(tag, { ...thing, parts: ["b"] })).toBe(false);
  });
});

describe("If-Unmodified-Since", () => {
  // RFC 9110 sections 13.1.4 and 5.6.7: three forms, of which one names no zone; whole seconds; nothing beside If-Match.
  it.each([
    ["done", "Thu, 01 Jan 2026 10:00:00 GMT"],
    ["precondition_failed", "Thu, 01 Jan 2026 09:59:59 GMT"],
    ["done", "Thursday, 01-Jan-26 10:00:00 GMT"],
    ["precondition_failed", "Thursday, 01-Jan-26 09:59:59 GMT"],
    ["done", "Thu Jan  1 10:00:00 2026"],
    ["precondition_failed", "Thu Jan  1 09:59:59 2026"],
    ["done", "2020-01-01T00:00:00Z"],
    ["done", "yesterday"],
  ])("is %s with %s", (outcome, date) => {
    expect(change({ "if-unmodified-since": date })).toBe(outcome);
    expect(change({ "if-unmodified-since": date, "if-match": tag })).toBe("done");
  });

  it("has no effect on what shows no time of its last change", () => {
    const undated = { name: "one", parts: [] };
    expect(change({ "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT" }, {}, undated)).toBe("done");
  });
});

describe("fields that came back", () => {
  it("may not have another value, after the conditions", () => {
    expect(change({}, { name: "one" })).toBe("done");
    expect(change({}, { name: "two" })).toBe("invalid_request");
    const settings = { sound: true, light: false };
    expect(change({}, { settings: { light: false, sound: true } }, { ...thing, settings })).toBe("done");
    expect(change({ "if-match": '"other"' }, { name: "two" })).toBe("precondition_failed");
  });
});
