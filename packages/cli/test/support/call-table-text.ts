import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { changesResource } from "@tillkeeper/contract/http/resource";
import { tags } from "@tillkeeper/contract/http/tags";
import type { CallFlag, CallNoun, CallRow } from "../../src/calls/call.ts";

type Nouns = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

/** A JSON schema, as far as flags are made of it. */
interface Shape {
  type?: string;
  enum?: readonly unknown[];
  const?: unknown;
  properties?: Record<string, Shape>;
  required?: readonly string[];
  items?: Shape;
  anyOf?: readonly Shape[];
  allOf?: readonly Shape[];
  readOnly?: boolean;
  description?: string;
}

/** Longer explanations are cut at the end of a sentence, or at a word. */
const longestAbout = 110;

/**
 * The source text of `call-table.ts`: a command for each endpoint that a client may call. It holds plain data, so that the help
 * of a command comes without the contract's schemas being loaded.
 */
export function callTableText(endpoints: Nouns): string {
  const nouns = Object.entries(callNouns(endpoints)).map(([noun, { about, calls }]) => {
    const rows = Object.entries(calls).map(([name, row]) => `      ${name}: ${JSON.stringify(row)},`);
    return [`  ${noun}: {`, `    about: ${JSON.stringify(about)},`, "    calls: {", ...rows, "    },", "  },"].join(
      "\n",
    );
  });
  return `// Printed from the endpoints of the contract by \`npm run reference\`; do not edit.
import type { CallNoun } from "./call.ts";

/** A command for each endpoint that clients call, under its noun. */
export const callTable: Readonly<Record<string, CallNoun>> = {
${nouns.join("\n")}
};
`;
}

/** The nouns and their calls. The endpoints without an account in their path are the same calls once more. */
function callNouns(endpoints: Nouns): Record<string, CallNoun> {
  const nouns = Object.entries(endpoints).flatMap(([noun, rows]): [string, CallNoun][] => {
    const called = Object.entries(rows).filter(([, row]) => row.outsideSdk === undefined);
    const [first] = called;
    if (noun.endsWith("ByToken") || first === undefined) return [];
    const calls = Object.fromEntries(called.map(([name, row]) => [name, rowOf(row)]));
    return [[noun, { about: firstWords(tags[first[1].tag]), calls }]];
  });
  return Object.fromEntries(nouns);
}

function rowOf(endpoint: Endpoint): CallRow {
  const { method, path, summary, query, body, upload, binary, alternatives } = endpoint;
  const headers = Object.keys(endpoint.requestHeaders?.properties ?? {});
  const [type] = upload ?? [];
  // What a query has to have has a default.
  const inQuery = query === undefined ? [] : flagsOf({ properties: (query as Shape).properties ?? {} });
  const inBody = body === undefined ? [] : flagsOf(body);
  return {
    method,
    path,
    about: summary,
    ...(inQuery.length > 0 && { query: inQuery }),
    ...(inBody.length > 0 && { body: inBody }),
    ...(type !== undefined && { upload: type }),
    ...(inQuery.some(({ name }) => name === "starting_after") && { pages: true }),
    ...(headers.includes("Prefer") && { waits: true }),
    ...(headers.includes("Idempotency-Key") && { keyed: true }),
    ...(changesResource(endpoint) && { matches: true }),
    ...(binary !== undefined && { file: binary }),
    ...(alternatives !== undefined && { types: alternatives }),
  };
}

function flagsOf({ properties = {}, required = [] }: Shape, prefix = ""): CallFlag[] {
  return Object.entries(properties).flatMap(([name, shape]): CallFlag[] => {
    if (shape.readOnly) return [];
    return flagsOfField(`${prefix}${name}`, shape, prefix === "" && required.includes(name));
  });
}

function flagsOfField(name: string, shape: Shape, required: boolean): CallFlag[] {
  const nullable = shape.anyOf?.some(({ type }) => type === "null") ?? false;
  const others = shape.anyOf?.filter(({ type }) => type !== "null");
  const inner: Shape = others?.length === 1 ? { ...shape, ...others[0] } : shape;
  const about = firstWords(shape.description ?? inner.description ?? "");
  const common = {
    name,
    ...(about !== "" && { about }),
    ...(required && { required: true as const }),
    ...(nullable && { nullable: true as const }),
  };
  const within = inner.type === "object" ? flagsOf(inner, `${name}.`) : [];
  if (within.length > 0) return nullable ? [{ ...common, kind: "json" }, ...within] : within;
  return [{ ...common, ...kindOf(inner) }];
}

function kindOf(shape: Shape): Pick<CallFlag, "kind" | "choices"> {
  const choices = choicesOf(shape);
  if (choices) return { kind: "text", choices };
  const { type, items, allOf } = shape;
  if (type === "string") return { kind: "text" };
  if (type === "integer" || type === "number") return { kind: "number" };
  if (type === "boolean") return { kind: "boolean" };
  if (type === "array" && items !== undefined) {
    const each = kindOf(items);
    return each.kind === "text" ? { ...each, kind: "texts" } : { kind: "json" };
  }
  const [only] = allOf ?? [];
  return only !== undefined && allOf?.length === 1 ? kindOf(only) : { kind: "json" };
}

function choicesOf({ enum: values }: Shape): string[] | undefined {
  const texts = values?.filter((value) => typeof value === "string");
  return texts !== undefined && texts.length > 0 && texts.length === values?.length ? texts : undefined;
}

/** The first sentence, without marks of Markdown. */
function firstWords(text: string): string {
  const plain = text.replaceAll("`", "").replaceAll(/\s+/g, " ");
  const sentence = /^.*?[.:;](?= |$)/.exec(plain)?.[0] ?? plain;
  const short =
    sentence.length <= longestAbout ? sentence : `${sentence.slice(0, longestAbout).replace(/ \S*$/, "")} …`;
  return short.replace(/[.:;]$/, "");
}
