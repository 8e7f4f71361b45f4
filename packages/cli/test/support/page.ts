import type { SandboxFile } from "./cli.ts";

/** A command of a page, and the JSON that stands behind it. */
interface Block {
  command: string;
  shown?: string;
}

/** The commands of a page in their order, each with the answer that the page shows of it. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  for (const [, language, text = ""] of page.matchAll(/^```(sh|json)\n([^]*?)^```$/gm)) {
    const last = blocks.at(-1);
    if (language === "sh") blocks.push({ command: text });
    else if (last) last.shown = text;
  }
  return blocks;
}

const kinds: readonly [name: string, pattern: RegExp][] = [
  ["uuid", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ["time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/],
  ["date", /^\d{4}-\d\d-\d\d$/],
];
/** Fields whose numbers depend on when the page is run. */
const figures = /_(amount|count)$|^(actual|difference)$/;

/** A value with ids, times and figures replaced by what they are: two answers of the same kind are equal then. */
export function kindOf(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => kindOf(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, kindOf(item, key)]));
  }
  if (typeof value === "number" && figures.test(name)) return "figure";
  if (typeof value === "string") return kinds.find(([, pattern]) => pattern.test(value))?.[0] ?? value;
  return value;
}

/** An access token of the sandbox's client. */
export async function accessToken({ http_url: url, account_id: id, ...client }: SandboxFile): Promise<string> {
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64");
  const answer = await fetch(`${url}/v1/accounts/${id}/auth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${basic}`, "content-type": "application/json" },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${url}/v1/accounts/${id}` }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const names = kinds.filter(([name]) => name !== "time").map(([, pattern]) => pattern);

/** Ids and dates of the shown JSON, each with what stands at its place in the answer. */
export function namesIn(shown: unknown, answer: unknown): [shown: string, answer: string][] {
  if (typeof shown === "string") return names.some((pattern) => pattern.test(shown)) ? [[shown, String(answer)]] : [];
  if (typeof shown !== "object" || shown === null) return [];
  return Object.entries(shown).flatMap(([key, item]) => namesIn(item, (answer as Record<string, unknown>)[key]));
}
