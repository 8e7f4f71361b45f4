import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { ownServer } from "@tillkeeper/stage/world";
import { parseSync } from "oxc-parser";
import { beforeAll, describe, expect, it } from "vitest";
import { createClient } from "../../src/access/auth/clients.ts";
import { hashChosen } from "../../src/access/auth/secrets/chosen-secrets.ts";
import { newSecret } from "../../src/access/auth/secrets/secrets.ts";

const aid = "T12345678";
const path = `/v1/accounts/${aid}/auth/token`;
const audience = `https://api.dintero.com/v1/accounts/${aid}`;
const folder = resolve(import.meta.dirname, "../../src/access/auth");

/** Enough clients to find a text that opens all but one in 256. */
const freshClients = 300;
const triesOfEachText = 6;

/** Every text in the sources of `auth` that could be a password: literals, quoted texts, and what they encode. */
function textsOfSources(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const texts = new Set<string>();
  for (const name of names) {
    const source = readFileSync(join(folder, name), "utf8");
    collect(parseSync(name, source).program, texts);
    for (const [, quoted] of source.matchAll(/["'`]([^"'`\n]+)["'`]/g)) texts.add(quoted as string);
  }
  const derived = [...texts].flatMap((text) => [...text.split(/\s+/), ...decoded(text)]);
  // Longer texts, and the character that no request may hold, are refused as malformed.
  return [...new Set([...texts, ...derived])].filter(
    (text) => text !== "" && text.length <= 255 && !text.includes("\0"),
  );
}

function collect(node: unknown, texts: Set<string>): void {
  if (typeof node !== "object" || node === null) return;
  const { type, value } = node as { type?: string; value?: unknown };
  if (type === "Literal" && typeof value === "string") texts.add(value);
  if (type === "TemplateElement") texts.add((value as { cooked: string }).cooked);
  for (const child of Object.values(node)) collect(child, texts);
}

function decoded(text: string): string[] {
  return (["base64", "base64url", "hex"] as const).map((form) => Buffer.from(text, form).toString("utf8"));
}

describe("no text of the sources of auth", async () => {
  const server = await ownServer();
  const texts = textsOfSources();
  const clientIds = Array.from({ length: freshClients }, (_, number) => `fresh-${number}`);
  beforeAll(async () => {
    await server.account(aid);
    const scopes = ["admin:accounts"] as const;
    await server.db.sql.transaction().execute(async (tx) => {
      const create = (clientId: string, secret: Parameters<typeof createClient>[2]["secret"]) =>
        createClient(tx, server.clock, { accountId: aid, clientId, name: clientId, secret, scopes });
      for (const clientId of [...clientIds, "without-secrets"]) await create(clientId, newSecret());
      await create("chosen", await hashChosen("chosen-by-a-person"));
      await tx
        .updateTable("client_secrets")
        .set({ revoked_at: server.clock.now() })
        .where("client_id", "=", "without-secrets")
        .execute();
    });
  });

  const byBasic = (clientId: string, secret: string) =>
    server.call("POST", path, {
      headers: { authorization: basic(clientId, encodeURIComponent(secret)) },
      body: { grant_type: "client_credentials", audience },
    });
  const byForm = (clientId: string, secret: string) =>
    server.call("POST", path, {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: secret,
      }).toString(),
    });

  /** The pairs of client and text whose answer was not 401. */
  async function opened(pairs: readonly (readonly [clientId: string, text: string])[]): Promise<string[]> {
    const found: string[] = [];
    for (let at = 0; at < pairs.length; at += 20) {
      const some = pairs.slice(at, at + 20);
      const answers = await Promise.all(
        some.map(([clientId, text], index) => ((at + index) % 2 === 0 ? byBasic : byForm)(clientId, text)),
      );
      for (const [index, { status, body }] of answers.entries())
        if (status !== 401 || (body.error.code ?? body.error) !== "invalid_client")
          found.push(`${status}: ${some[index]?.join(" ")}`);
    }
    return found;
  }

  it("is found by a reader that finds none", () => {
    expect(texts.length).toBeGreaterThan(200);
    for (const known of ["client_credentials", "sha256$", "tillkeeper client secret", "secret"])
      expect(texts).toContain(known);
  });

  it("opens a fresh client, by Basic and JSON or by form", async () => {
    let next = 0;
    const pairs = texts.flatMap((text) =>
      Array.from({ length: triesOfEachText }, () => [clientIds[next++ % freshClients] as string, text] as const),
    );
    expect(await opened(pairs)).toEqual([]);
  });

  it("opens a client without valid secrets, or one that is not there", async () => {
    const pairs = ["without-secrets", "not-there"].flatMap((clientId) =>
      texts.flatMap((text) => [[clientId, text] as const, [clientId, text] as const]),
    );
    expect(await opened(pairs)).toEqual([]);
  });
});
