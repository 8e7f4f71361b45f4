import type { Call, Transport } from "@tillkeeper/sdk/transport";
import { readCredentials } from "../api-client.ts";
import { UsageError } from "../failure.ts";
import type { ConnectionFlags } from "./flags.ts";
import { type OpenClient, openClient } from "./open-client.ts";
import { type Credentials, readProfiles } from "./profiles.ts";
import { asSentence, refusalOf } from "./refusals.ts";

/** One request to the server; `:aid` and `:oid` in its path are the account. What users type is sent as it is: the server checks it. */
export interface Request extends Pick<Call, "path" | "body" | "file" | "headers"> {
  method: string;
  query?: Readonly<Record<string, unknown>>;
  signal?: AbortSignal;
}

/** A server, and a client of one of its accounts. */
export interface Connection extends Pick<Credentials, "url" | "accountId">, Pick<OpenClient, "ask"> {
  /** The name of its profile; none for the environment's and the sandbox's. */
  profile?: string;
  /** Sends a request and gives the answer of any status. Throws `StartupError` when the server cannot be reached. */
  send(request: Request): Promise<Response>;
  /** Sends a request and gives the JSON of its answer. Throws `StartupError`, with one sentence, for a refusal. */
  call<T>(request: Request): Promise<T>;
}

type Environment = Record<string, string | undefined>;

/**
 * The server that is meant: the profile of the flag; what the environment names; the profile that `use` has chosen; the
 * sandbox of this folder. Throws `StartupError`.
 */
export function connect({ profile, account }: ConnectionFlags, env: Environment = process.env): Connection {
  const { name, ...found } = findCredentials(profile, env);
  const credentials = { ...found, accountId: account ?? found.accountId };
  const { transport, ask } = openClient(credentials);
  const send = (request: Request) => sendBy(transport, credentials.url, request);
  return {
    url: credentials.url,
    accountId: credentials.accountId,
    ...(name !== undefined && { profile: name }),
    ask,
    send,
    call: async <T>(request: Request): Promise<T> => {
      const response = await send(request);
      if (!response.ok) throw await refusalOf(response);
      const text = await response.text();
      return (text === "" ? undefined : JSON.parse(text)) as T;
    },
  };
}

function findCredentials(flag: string | undefined, env: Environment): Credentials & { name?: string } {
  const named = flag ?? (env["TILLKEEPER_URL"] ? undefined : env["TILLKEEPER_PROFILE"]);
  if (named) return ofProfile(named);
  const configured = ["URL", "CLIENT_ID", "CLIENT_SECRET", "ACCOUNT"].some((name) => env[`TILLKEEPER_${name}`]);
  const { current } = configured ? {} : readProfiles();
  return current === undefined ? readCredentials({}, env) : ofProfile(current);
}

function ofProfile(name: string): Credentials & { name: string } {
  const { profiles } = readProfiles();
  const known = profiles[name];
  if (known) return { ...known, name };
  const names = Object.keys(profiles);
  const there =
    names.length === 0 ? "There is none yet: see `tillkeeper login --help`." : `Known: ${names.join(", ")}.`;
  throw new UsageError(`There is no profile ${name}. ${there}`);
}

async function sendBy(transport: Transport, url: string, { path, ...request }: Request): Promise<Response> {
  const filled = path.replace(/:(?:aid|oid)(?=\/|$)/, () => encodeURIComponent(transport.accountId));
  try {
    return await transport.exchange({ ...(request as Omit<Call, "path">), path: filled });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw asSentence(error, url);
  }
}
