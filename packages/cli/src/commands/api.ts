import { readBody } from "../calls/body.ts";
import { connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { UsageError } from "../failure.ts";
import { say } from "../output/screen.ts";
import { showJson } from "../output/show.ts";

export interface ApiFlags extends ConnectionFlags {
  body?: string;
  header: string[];
  include?: true;
}

/** Sends a request and prints the body of its answer. The exit code is 1 for an answer that is no success. */
export async function apiAction(method: string, path: string, flags: ApiFlags): Promise<void> {
  if (!path.startsWith("/")) throw new UsageError("error: a path begins with /");
  const body = readBody(flags.body);
  const headers = Object.fromEntries(flags.header.map(headerOf));
  const connection = connect(flags);
  const isWhole = /^\/(?:v1|health|\.well-known|docs)(?:[/?]|$)/.test(path);
  const whole = isWhole ? path : `/v1/accounts/${connection.accountId}${path}`;
  const response = await connection.send({ method, path: whole, headers, ...(body !== undefined && { body }) });
  if (flags.include) {
    say(`${response.status} ${response.statusText}`);
    for (const [name, value] of response.headers) say(`${name}: ${value}`);
  }
  await print(response);
  if (response.ok) return;
  if (!flags.include) say(`The server answered ${response.status} ${response.statusText}.`);
  process.exitCode = 1;
}

async function print(response: Response): Promise<void> {
  if (response.headers.get("content-type")?.startsWith("application/json")) return showJson(await response.json());
  for await (const part of response.body ?? []) process.stdout.write(part);
}

function headerOf(line: string): [string, string] {
  const at = line.indexOf(":");
  if (at <= 0) throw new UsageError("error: --header takes a name, a colon and a value");
  return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
}
