import type { Endpoint } from "@tillkeeper/contract/http/endpoint";

/** How a request is made with curl and, where the SDK has the endpoint, in TypeScript. */
export function samplesOf(row: Endpoint, sdkMethod: string | undefined): object[] {
  return [
    { lang: "Shell", label: "curl", source: curl(row) },
    ...(sdkMethod === undefined ? [] : [{ lang: "TypeScript", label: "SDK", source: typescript(row, sdkMethod) }]),
  ];
}

function curl(row: Endpoint): string {
  const path = row.path.replaceAll(/:(\w+)/g, (_, name: string) => (isAccount(name) ? "$ACCOUNT" : idOf(row, name)));
  const body = bodyOf(row);
  const lines = [
    `curl ${row.method === "GET" ? "" : `-X ${row.method} `}"$SERVER${path}"`,
    ...(row.scopes === "public" ? [] : ['-H "Authorization: Bearer $TOKEN"']),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`]),
    ...(row.upload ? [`-H 'Content-Type: ${row.upload[0]}'`, "--data-binary @FILE"] : []),
    ...(row.binary ? ["-o FILE"] : []),
  ];
  return lines.join(" \\\n  ");
}

function typescript(row: Endpoint, method: string): string {
  const ids = [...row.path.matchAll(/:(\w+)/g)].map(([, name]) => name as string).filter((name) => !isAccount(name));
  const body = bodyOf(row);
  const args = [
    ...ids.map((name) => JSON.stringify(idOf(row, name))),
    ...(body === undefined ? [] : [inCode(body)]),
    ...(row.upload ? ["file"] : []),
  ];
  return `const answer = await client.${method}(${args.join(", ")});`;
}

function isAccount(name: string): boolean {
  return name === "aid" || name === "oid";
}

/** An example of the path parameter, by its schema. */
function idOf({ params }: Endpoint, name: string): string {
  const schema: { examples?: unknown } = params?.properties[name] ?? {};
  return Array.isArray(schema.examples) ? String(schema.examples[0]) : name.toUpperCase();
}

function bodyOf({ body, examples, bodyOptional }: Endpoint): unknown {
  const [named] = Object.values(examples?.request ?? {});
  if (named) return named.value;
  const schema: { examples?: unknown } = body ?? {};
  if (Array.isArray(schema.examples)) return schema.examples[0];
  return body && !bodyOptional ? {} : undefined;
}

/** JSON with property names as code has them. */
function inCode(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replaceAll(/\n\s*/g, " ")
    .replaceAll(/"([a-z_]\w*)":/g, "$1:");
}
