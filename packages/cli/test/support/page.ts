import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { readSandboxFile, type SandboxFile, scratch, startSandbox } from "./cli.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
/** Whether the programs are there that the commands of pages need. */
export const tools = ["curl", "bash", "npx"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);
/** The port on which pages have their receivers; a test takes a free one. */
const portOfPages = "8787";
const withinMs = 100_000;
/** Printed behind the output of each block. */
const mark = "== end of block ==";

/** A command of a page, and the JSON that stands behind it. */
interface Block {
  command: string;
  shown?: string;
}

/** The commands of a page in their order, each with the answer that the page shows of it. */
function blocksOf(page: string): Block[] {
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
async function accessToken({ http_url: url, account_id: id, ...client }: SandboxFile): Promise<string> {
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

interface Ran {
  blocks: Block[];
  /** What each block printed, and an empty text behind the last one. */
  outputs: string[];
}

/** Runs all commands of a page of the documents in one shell, beside a fresh sandbox. What they started ends with them. */
export async function runPage(name: string): Promise<Ran> {
  const page = readFileSync(`${root}docs/${name}.md`, "utf8").replaceAll(portOfPages, String(await freePort()));
  const blocks = blocksOf(page);
  const place = scratch();
  await startSandbox({ ...place.env, TILLKEEPER_SANDBOX_ACCOUNT_ID: "T12345678" });
  const sandbox = readSandboxFile(place);
  const commands = blocks.map(({ command }) => `${command}\necho '${mark}'`);
  const script = ["trap 'kill $(jobs -p)' EXIT", ...commands].join("\n");
  const output = execFileSync("bash", ["--norc", "-uo", "pipefail", "-c", script], {
    cwd: root,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
      TMPDIR: place.temporary,
      TILLKEEPER_DATA_DIR: place.data,
      XDG_CONFIG_HOME: place.temporary,
      URL: sandbox.http_url,
      ACCOUNT: sandbox.account_id,
      TOKEN: await accessToken(sandbox),
    },
    encoding: "utf8",
    // A command that waits in vain would hold the test for ever: nothing else runs meanwhile.
    timeout: withinMs,
  });
  return { blocks, outputs: output.split(`${mark}\n`) };
}
