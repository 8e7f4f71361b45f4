import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { hasSdkMethod, isAccountParameter } from "@tillkeeper/contract/http/sdk-methods";
import { scopesInWords } from "@tillkeeper/contract/scopes";
import type { Row } from "../../src/method.ts";

type Nouns = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

/**
 * The source text of `endpoint-table.ts`: what the client has to know of each endpoint when it runs, and the name and doc
 * comment of its method. The methods are written out, because not every editor finds the comments of a mapped type.
 */
export function tableText(endpoints: Nouns): string {
  const nouns = Object.entries(endpoints)
    .map(([noun, rows]) => ({ noun, rows: Object.entries(rows).filter(([, row]) => hasSdkMethod(row)) }))
    .filter(({ rows }) => rows.length > 0);
  return `// Printed from the endpoints of the contract by \`npm run reference\`; do not edit.
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { endpoints } from "@tillkeeper/contract/http/endpoints";
import type { Row } from "./method.ts";
import type { MethodWith } from "./method-types.ts";

type Endpoints = typeof endpoints;

/** What the parameters of paths are called in an editor. */
interface NamedParameters {
${namesOf(nouns.flatMap(({ rows }) => rows.map(([, { path }]) => path)))
  .map((name) => `  ${name}: [${inCamelCase(name)}: string];`)
  .join("\n")}
}

type MethodOf<E extends Endpoint> = MethodWith<E, NamedParameters>;

/** A method for each endpoint that clients call, under its noun. */
export interface Nouns {
${nouns
  .map(({ noun, rows }) =>
    block(
      `readonly ${noun}`,
      rows.flatMap((row) => methodOf(noun, ...row)),
      ";",
    ),
  )
  .join("\n")}
}

export const endpointTable: { readonly [Noun in keyof Nouns]: Readonly<Record<keyof Nouns[Noun], Row>> } = {
${nouns.map(({ noun, rows }) => block(noun, rows.map(rowText), ",")).join("\n")}
};
`;
}

function block(name: string, lines: string[], end: string): string {
  return [`  ${name}: {`, ...lines.map((line) => `    ${line}`), `  }${end}`].join("\n");
}

function methodOf(noun: string, name: string, { summary, scopes, alsoScopes }: Endpoint): string[] {
  return [
    `/** ${summary}. Scopes: ${scopes === "public" ? scopes : scopesInWords(scopes, alsoScopes)}. */`,
    `readonly ${name}: MethodOf<Endpoints["${noun}"]["${name}"]>;`,
  ];
}

function rowText([name, endpoint]: [string, Endpoint]): string {
  const values = Object.entries(rowOf(endpoint)).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `${name}: { ${values.join(", ")} },`;
}

function rowOf(endpoint: Endpoint): Row {
  const { method, path, body, upload, query, binary, alternatives, repeatable, requestHeaders } = endpoint;
  const [type] = upload ?? [];
  return {
    method,
    path,
    ...(body && { body: true }),
    ...(type && { upload: type }),
    ...(query && { query: true }),
    ...(query && "starting_after" in query.properties && { pages: true }),
    ...(binary && { answer: binary.startsWith("text/") ? "text" : "stream" }),
    ...(alternatives && { texts: true }),
    ...(requestHeaders && "Idempotency-Key" in requestHeaders.properties && { key: true }),
    ...(repeatable && { repeatable }),
  };
}

function namesOf(paths: string[]): string[] {
  const names = paths.flatMap((path) => path.split("/").filter((part) => part.startsWith(":")));
  return [...new Set(names)]
    .filter((part) => !isAccountParameter(part))
    .map((part) => part.slice(1))
    .toSorted();
}

function inCamelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
