import { createHash, randomUUID } from "node:crypto";
import type { CommandMessage, ResultMessage, Transfer } from "@tillkeeper/contract/mqtt/messages";
import type { Fault } from "./faults.ts";

type Has = (fault: Fault) => boolean;
type Answer = Partial<ResultMessage>;
interface Manifest {
  latest: { url: string } | null;
}

const version = "1.0.0";
/** Milliseconds without any data, after which a request is repeated. */
const silenceMs = 10_000;
const pauseMs = 100;
const unreachable: Answer = { status: "FAILED", reason: "host_unreachable" };

/** Uploads a log, or looks for an update; the agent trusts no release key. */
export function withFiles({ operation, transfer }: CommandMessage, has: Has): Promise<Answer> {
  if (!transfer) throw new Error(`${operation} without files`);
  return operation === "send_logs" ? sendLog(transfer, has) : lookForUpdate(transfer, has);
}

async function sendLog({ url, token }: Transfer, has: Has): Promise<Answer> {
  const body = "one line\n";
  const digest = createHash("sha256").update(body).digest("base64");
  const response = await fetchUntilFinal(has, url, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "text/plain",
      ...(!has("log without a digest") && { "content-digest": `sha-256=:${digest}:` }),
    },
    body,
  });
  if (!response) return unreachable;
  if (response.status !== 201) return { status: "FAILED", reason: "device_error" };
  const { log_id, size, sha256 } = (await response.json()) as Record<string, unknown>;
  const kept = { log_id: has("invents the id of its log") ? randomUUID() : log_id, size, sha256 };
  return { status: "COMPLETED", result: kept };
}

async function lookForUpdate(transfer: Transfer, has: Has): Promise<Answer> {
  const url = new URL(transfer.url);
  if (!has("does not say what runs")) url.searchParams.set("software_version", version);
  const headers = { authorization: `Bearer ${transfer.token}` };
  const response = await fetchUntilFinal(has, url, { headers });
  if (!response) return unreachable;
  const { latest } = (await response.json()) as Manifest;
  if (!latest) return { status: "COMPLETED", result: versions(has("invents versions") ? "9.9.9" : version) };
  if (has("fetches before it verifies")) await fetch(new URL(latest.url, url), { headers });
  if (has("believes any key")) return { status: "COMPLETED", result: versions(version) };
  const error = { code: "unknown_release_key", message: "nobody has given me this key" };
  return { status: "FAILED", reason: has("refuses without a reason") ? "device_error" : "refused", error };
}

/** Repeats the request until its answer is final: neither 429, nor 5xx, nor missing. */
async function fetchUntilFinal(has: Has, url: string | URL, init: RequestInit): Promise<Response | undefined> {
  for (;;) {
    const response = await fetch(url, {
      ...init,
      ...(!has("waits for ever") && { signal: AbortSignal.timeout(silenceMs) }),
    }).catch(() => undefined);
    if (response && response.status < 500 && response.status !== 429) return response;
    if (has("asks for updates once")) return undefined;
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs);
    });
  }
}

/** Returns the result of a check_update: the installed and the latest version. */
export function versions(latest: string): object {
  return {
    current_version: version,
    latest_version: latest,
    update_available: false,
    configuration_version: "0",
  };
}
