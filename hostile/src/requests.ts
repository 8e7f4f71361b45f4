import { audienceOf } from "@tillkeeper/stage/accounts/tokens";
import type { Random } from "@tillkeeper/stage/programs/random";
import type { Endpoint, Schema } from "./document.ts";
import type { RawRequest } from "./http.ts";
import type { KnownIds } from "./known-ids.ts";
import { type Context, recipes } from "./recipes.ts";
import type { Stage } from "./stage.ts";
import { fitting, hostileText, hostileValue } from "./values.ts";
import { type World } from "./world.ts";

/** The credentials of a request. `right`: valid ones, of the account or its operator. `nobody`: none. `wrong`: invalid ones. */
export type CredentialKind = "right" | "nobody" | "wrong";

/** A request for a route. */
export interface MadeRequest {
  endpoint: Endpoint;
  credentials: CredentialKind;
  rawRequest: RawRequest;
}

/** What requests are made from. */
export interface RequestParts {
  stage: Stage;
  world: World;
  pools: KnownIds;
  random: Random;
}

/**
 * Makes a request for a route: valid, or spoiled in one place or in its credentials. `ids` replaces the ids of the own account;
 * such a request is always valid.
 */
export function makeRequest(parts: RequestParts, endpoint: Endpoint, ids?: (kind: string) => string): MadeRequest {
  const { random, stage, world, pools } = parts;
  const recipe = recipes[endpoint.id] ?? {};
  const id = ids ?? pools.picker(random, recipe.destructive ?? false);
  const context: Context = { random, stage, world, id };
  const credentials: CredentialKind = ids || random.chance(0.86) ? "right" : random.pick(["nobody", "wrong"] as const);
  const spoiled = !ids && random.chance(0.4);
  const spot = spoiled ? random.pick(spotsOf(endpoint)) : undefined;
  const body = bodyOf(context, endpoint, spot === "body");
  const headers = {
    ...(body !== undefined && { "content-type": endpoint.types[0] ?? "application/json" }),
    ...(body !== undefined && recipe.headers?.(body, context)),
    ...authorizationOf(context, endpoint, credentials),
    ...(spot === "headers" && hostileHeader(random)),
  };
  const path = `${pathOf(context, endpoint, spot === "path")}${queryOf(context, endpoint, { spoiled: spot === "query", plain: ids !== undefined })}`;
  return { endpoint, credentials, rawRequest: { method: endpoint.method, path, headers, body } };
}

type Spot = "path" | "query" | "headers" | "body";

function spotsOf({ inPath, inQuery, types }: Endpoint): Spot[] {
  return [
    "headers",
    ...(inPath.length > 0 ? (["path"] as const) : []),
    // Without parameters of its own, the query gets an unknown one.
    ...(inQuery.length > 0 ? (["query", "query"] as const) : (["query"] as const)),
    ...(types.length > 0 ? (["body", "body"] as const) : []),
  ];
}

function pathOf({ random, id, stage }: Context, { id: route, path, inPath }: Endpoint, spoiled: boolean): string {
  const kinds = recipes[route]?.kinds ?? {};
  const victim = spoiled ? random.pick(inPath).name : undefined;
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "broker_secret") return stage.brokerSecret;
    return name === victim ? encode(hostileText(random)) : encode(id(kinds[name] ?? name));
  });
}

/** Percent-encodes a text. Half a surrogate pair, which a URL cannot hold, is replaced. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const idParameters = new Set([
  "terminal_id",
  "operation_id",
  "store_id",
  "payout_destination_id",
  "device_serial_number",
]);

interface QueryWish {
  spoiled: boolean;
  /** Only the parameters of the recipe are sent. */
  plain: boolean;
}

const fromAnswers = new Set(["starting_after", "ending_before"]);

function queryOf(context: Context, { id: route, inQuery }: Endpoint, { spoiled, plain }: QueryWish): string {
  const { random } = context;
  const pairs = Object.entries(recipes[route]?.query?.(context) ?? {});
  for (const { name, schema } of inQuery) {
    // The ids of entries and pages can only come from an answer of the server.
    if (plain || fromAnswers.has(name) || pairs.some(([known]) => known === name) || !random.chance(0.25)) continue;
    const value = idOf(context, route, name) ?? fitting(schema, random);
    if (schema.type === "array") for (const one of [value].flat()) pairs.push([name, String(one)]);
    else pairs.push([name, String(value)]);
  }
  if (spoiled) {
    const name = inQuery.length > 0 && random.chance(0.85) ? random.pick(inQuery).name : random.pick(strangeNames);
    pairs.push([name, hostileText(random)]);
  }
  const text = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  return text === "" ? "" : `?${text}`;
}

/** The id for a parameter that names a thing; undefined for another parameter. */
function idOf({ id }: Context, route: string, name: string): string | undefined {
  if (name === "audience") return audienceOf(id("aid"));
  const kind = recipes[route]?.kinds?.[name];
  return kind !== undefined || idParameters.has(name) ? id(kind ?? name) : undefined;
}

const strangeNames = ["unknown", "limit[]", "__proto__", "a\0b", "access_token"];

function authorizationOf(
  context: Context,
  { id: route, guarded }: Endpoint,
  credentials: CredentialKind,
): Record<string, string> {
  const { random, world } = context;
  if (credentials === "nobody") return {};
  if (credentials === "wrong") return { authorization: wrongAuthorization(random, world) };
  const own = recipes[route]?.authorization?.(context);
  if (own !== undefined) return { authorization: own };
  if (!guarded) return {};
  return { authorization: `Bearer ${random.chance(0.15) ? world.operatorToken : world.own.token}` };
}

/** Invalid credentials: a forged token, a token of another account or of a device, or unreadable text. */
function wrongAuthorization(random: Random, { own, foreign, messagingDevice, waiting }: World): string {
  const [, payload = "", signature = ""] = own.token.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return random.pick([
    `Bearer ${own.token.slice(0, -4)}AAAA`,
    `Bearer ${none}.${payload}.`,
    `Bearer ${none}.${payload}.${signature}`,
    `Bearer ${foreign.token}`,
    `Bearer ${messagingDevice.token}`,
    `Bearer ${waiting.check_update.transfer.token}`,
    `Bearer ${"a.".repeat(2_000)}`,
    "Bearer",
    "Basic Og==",
    "Basic %%%",
    "Digest username=x",
  ]);
}

function hostileHeader(random: Random): Record<string, string> {
  const text = hostileText(random).replaceAll(/[^\x20-\x7e]/g, "?");
  return random.pick<Record<string, string>>([
    { "idempotency-key": text },
    { "content-type": random.pick(["text/plain", "application/xml", "application/json; charset=utf-16", text]) },
    { "content-encoding": random.pick(["gzip", "br", text]) },
    { "x-forwarded-for": text },
    { host: random.pick(["", "a b", "evil.example", "a/b"]) },
    { range: random.pick(["bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=99999999999999999999-", text]) },
    { "if-match": text },
    { "if-none-match": "*" },
    { prefer: random.pick(["wait=0", "respond-async", text]) },
    { accept: text },
    { cookie: text },
    { "content-digest": text },
    { "x-http-method-override": "DELETE" },
  ]);
}

function bodyOf(context: Context, endpoint: Endpoint, spoiled: boolean): string | Buffer | undefined {
  const { random } = context;
  if (endpoint.types.length === 0) return undefined;
  const right = recipes[endpoint.id]?.body?.(context) ?? fitting(endpoint.body ?? {}, random, 0);
  if (typeof right === "string" || right instanceof Buffer) return spoiled ? hostileText(random) : right;
  if (!spoiled) return JSON.stringify(random.chance(0.2) ? varied(right, endpoint.body, random) : right);
  if (random.chance(0.1)) return brokenJson(random, right);
  return JSON.stringify(spoil(right, endpoint.body ?? {}, random)) ?? "";
}

/** The body with one more optional field that fits the schema. */
function varied(right: unknown, schema: Schema | undefined, random: Random): unknown {
  const names = Object.keys(schema?.properties ?? {}).filter((name) => !/_id$|^audience$|^scope$/.test(name));
  if (names.length === 0) return right;
  const name = random.pick(names);
  return { ...(right as object), [name]: fitting(schema?.properties?.[name] ?? {}, random) };
}

/** The body with a hostile value in one of the schema's fields, with an unknown field, or without one of its fields. */
function spoil(right: unknown, schema: Schema, random: Random): unknown {
  if (random.chance(0.05)) return hostileValue(random);
  const spoiled: Record<string, unknown> = { ...(right as Record<string, unknown>) };
  const names = Object.keys(schema.properties ?? {});
  const name = names.length > 0 && random.chance(0.9) ? random.pick(names) : random.pick(strangeNames);
  const child = schema.properties?.[name];
  if (random.chance(0.1)) delete spoiled[name];
  else if (child?.properties && random.chance(0.6)) spoiled[name] = spoil(fitting(child, random), child, random);
  else spoiled[name] = hostileValue(random);
  return spoiled;
}

function brokenJson(random: Random, right: unknown): string | Buffer {
  const text = JSON.stringify(right);
  return random.pick<string | Buffer>([
    text.slice(0, -1),
    `${text}x`,
    text.replace("{", '{"__proto__":{"a":1},'),
    text.replace("{", '{"a":1e999,'),
    "",
    "[".repeat(5_000),
    Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe])]),
    Buffer.from(text, "utf16le"),
  ]);
}
