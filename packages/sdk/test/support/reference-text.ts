import { join } from "node:path";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { hasSdkMethod, isAccountParameter } from "@tillkeeper/contract/http/sdk-methods";
import { scopesInWords } from "@tillkeeper/contract/scopes";
import { type Documented, documentedIn } from "./doc-comments.ts";

type Nouns = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

const sources = join(import.meta.dirname, "../../src");

/** The exports that have doc comments, by source and in the order of the page. */
const byHand: readonly { heading: string; source: string; names: readonly string[] }[] = [
  { heading: "A client", source: "client.ts", names: ["createClient", "Client", "SessionClient"] },
  { heading: "Its options", source: "transport.ts", names: ["ClientOptions", "SessionOptions", "ConnectionOptions"] },
  { heading: "A client of a sandbox", source: "node.ts", names: ["fromSandbox", "FromSandboxOptions"] },
  {
    heading: "Every call",
    source: "method-types.ts",
    names: [
      "CallOptions",
      "IdempotentCallOptions",
      "WaitingCallOptions",
      "BusyCallOptions",
      "Answer",
      "Method",
      "ListMethod",
      "Pages",
      "MethodWithTexts",
    ],
  },
  { heading: "Closing a day", source: "close.ts", names: ["CloseMethod", "CloseOptions"] },
  { heading: "Operations", source: "wait.ts", names: ["OperationMethods", "RunOptions", "WaitOptions", "Completed"] },
  { heading: "Events", source: "events.ts", names: ["StreamMethod", "StreamOptions", "EventStream", "Reset"] },
  {
    heading: "Webhooks",
    source: "webhooks.ts",
    names: ["webhooks.verify", "VerifiedWebhook", "VerifyOptions", "PingEvent", "WebhookVerificationError"],
  },
  {
    heading: "Errors",
    source: "error.ts",
    names: [
      "TillkeeperError",
      "TerminalBusyError",
      "OperationFailedError",
      "ConnectionError",
      "TimeoutError",
      "ErrorName",
    ],
  },
];

/** The text of `docs/sdk-reference.md`: the exports with their doc comments, and a line for each endpoint. */
export function referenceText(endpoints: Nouns): string {
  const nouns = Object.entries(endpoints)
    .map(([noun, rows]) => ({ noun, rows: Object.entries(rows).filter(([, row]) => hasSdkMethod(row)) }))
    .filter(({ rows }) => rows.length > 0);
  const lines = [
    "# Everything in the client for programs",
    "",
    "<!-- Printed from the doc comments of packages/sdk and the endpoints of the contract by `npm run reference`; do not edit. -->",
    "",
    "What `@tillkeeper/sdk` exports, and each call. [The guide](sdk.md) shows programs; the [reference of the API](openapi.json) has every field of bodies",
    "and answers, and a running server shows it at `/docs`.",
    "",
    ...byHand.flatMap(({ heading, source, names }) => [`## ${heading}`, "", ...documented(source, names)]),
    "## Each call",
    "",
    "Each takes `options` last. A `query?` and what else has a question mark may be left out. A list is a page when it is awaited, and all its items in a",
    "`for await`. What is sent again and when is in [the guide](sdk.md#when-it-fails).",
    "",
    ...nouns.flatMap(({ noun, rows }) => [
      `### ${noun}`,
      "",
      ...rows.map(([name, row]) => `- ${callOf(noun, name, row)}`),
      "",
    ]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function documented(source: string, names: readonly string[]): string[] {
  const all = documentedIn(join(sources, source));
  return names.flatMap((name) => {
    const found = all.filter((each) => each.name === name.split(".").at(-1));
    if (found.length === 0) throw new Error(`${source} exports no ${name}`);
    return [`### ${name}`, "", ...found.flatMap(entryOf)];
  });
}

function entryOf({ declared, comment, members }: Documented): string[] {
  // Of an interface without another one in it, the heading says all.
  const [, signature] = /^(?:async )?(?:function |(?=type |.* extends ))(.*)$/.exec(declared) ?? [];
  const isObject = members.length > 0 && !declared.includes(" extends ");
  // The last declaration of an overloaded function is the one that is not for callers, and has no comment.
  if (comment === "") return [];
  return [
    ...(signature === undefined || isObject ? [] : [`\`${signature}\``, ""]),
    ...comment.split(/ (?=@param )/).map((part) => part.replace(/^@param (\S+)/, "- `$1`:")),
    "",
    ...members
      .filter(isForCallers)
      .map(
        (member) => `- \`${member.declared.replace(" | undefined", "")}\`${member.comment && `: ${member.comment}`}`,
      ),
    ...(members.length > 0 ? [""] : []),
  ];
}

/** Errors are thrown by the client alone, and their names are the headings. */
function isForCallers({ declared }: { declared: string }): boolean {
  return !/^(?:constructor|override readonly name)\b/.test(declared);
}

function callOf(noun: string, name: string, row: Endpoint): string {
  const { summary, scopes, alsoScopes, query, body } = row;
  const open = scopes === "public" ? "anybody" : scopesInWords(scopes, alsoScopes);
  return [
    `\`client.${noun}.${name}(${parametersOf(row).join(", ")})\`: ${summary}.`,
    ...fieldsOf("Body", body),
    ...fieldsOf("Query", query),
    `Scopes: ${open}.`,
  ].join(" ");
}

function parametersOf({ path, body, bodyOptional, upload, query }: Endpoint): string[] {
  const ids = path
    .split("/")
    .filter((part) => part.startsWith(":") && !isAccountParameter(part))
    .map((part) => inCamelCase(part.slice(1)));
  return [
    ...ids,
    ...(upload ? ["file"] : body ? [bodyOptional ? "body?" : "body"] : []),
    ...(query ? ["query?"] : []),
    "options?",
  ];
}

function inCamelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Without what answers show and a body may only repeat. */
function fieldsOf(what: string, schema: object | undefined): string[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, { readOnly?: boolean }>;
    required?: readonly string[];
  };
  const names = Object.keys(properties).filter((name) => !properties[name]?.readOnly);
  if (names.length === 0) return [];
  return [`${what}: ${names.map((name) => `\`${name}${required.includes(name) ? "" : "?"}\``).join(", ")}.`];
}
