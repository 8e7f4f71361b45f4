import { credentials } from "@tillkeeper/contract/http/credentials";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { isAccountParameter } from "@tillkeeper/contract/http/sdk-methods";

/** Sample requests with curl and, where the SDK has the endpoint, in TypeScript. */
export function samplesOf(row: Endpoint, sdkMethod: string | undefined): object[] {
  return [
    { lang: "Shell", label: "curl", source: curl(row) },
    ...(sdkMethod === undefined ? [] : [{ lang: "TypeScript", label: "SDK", source: typescript(row, sdkMethod) }]),
  ];
}

function curl(row: Endpoint): string {
  const path = row.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    isAccountParameter(`:${name}`) ? "$ACCOUNT" : idOf(row, name),
  );
  const body = bodyOf(row);
  const sent = body === undefined ? "@FILE" : `'${JSON.stringify(body)}'`;
  const lines = [
    `curl ${row.method === "GET" ? "" : `-X ${row.method} `}"$SERVER${path}${queryOf(row)}"`,
    ...shownCredential(row),
    ...(row.requestHeaders?.required ?? []).map((name) => `-H '${name}: ${name.toUpperCase()}'`),
    ...(sendsBody(row) ? ["-H 'Content-Type: application/json'", `-d ${sent}`] : []),
    ...(row.upload ? [`-H 'Content-Type: ${row.upload[0]}'`, "--data-binary @FILE"] : []),
    ...(row.binary ? ["-o FILE"] : []),
  ];
  return lines.join(" \\\n  ");
}

function typescript(row: Endpoint, method: string): string {
  const ids = [...row.path.matchAll(/:(\w+)/g)]
    .map(([, name]) => name as string)
    .filter((name) => !isAccountParameter(`:${name}`));
  const body = bodyOf(row);
  const args = [
    ...ids.map((name) => JSON.stringify(idOf(row, name))),
    ...(sendsBody(row) ? [body === undefined ? "body" : inCode(body)] : []),
    ...(row.upload ? ["file"] : []),
  ];
  return `const answer = await client.${method}(${args.join(", ")});`;
}

/** An example of the path parameter, from its schema. */
function idOf({ params }: Endpoint, name: string): string {
  const schema: { examples?: unknown } = params?.properties[name] ?? {};
  return Array.isArray(schema.examples) ? String(schema.examples[0]) : name.toUpperCase();
}

/** The required parameters of the query. */
function queryOf({ query }: Endpoint): string {
  const properties: Record<string, object> = query?.properties ?? {};
  const wanted = (query?.required ?? []).filter((name) => !("default" in (properties[name] ?? {})));
  return wanted.length === 0 ? "" : `?${wanted.map((name) => `${name}=${name.toUpperCase()}`).join("&")}`;
}

/** The curl option that sends the credential. */
function shownCredential({ scopes, credentials: [other] = [] }: Endpoint): string[] {
  if (scopes === "public" && other === undefined) return [];
  if (other && credentials[other].scheme === "cookie") return ['-b "$COOKIE" -H "Sec-Fetch-Site: same-origin"'];
  return [
    other && credentials[other].scheme === "basic"
      ? '-u "$CLIENT_ID:$CLIENT_SECRET"'
      : '-H "Authorization: Bearer $TOKEN"',
  ];
}

/** Whether the sample sends a body. An optional body is sent when it has an example. */
function sendsBody(row: Endpoint): boolean {
  return row.body !== undefined && (!row.bodyOptional || bodyOf(row) !== undefined);
}

/** An example of the body, where there is one. */
function bodyOf({ body, examples }: Endpoint): unknown {
  const [named] = Object.values(examples?.request ?? {});
  if (named) return named.value;
  const schema: { examples?: unknown } = body ?? {};
  return Array.isArray(schema.examples) ? schema.examples[0] : undefined;
}

/** A value as TypeScript code: JSON with unquoted property names. */
function inCode(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replaceAll(/\n\s*/g, " ")
    .replaceAll(/"([a-z_]\w*)":/g, "$1:");
}
