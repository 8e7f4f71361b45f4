import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { keyIdOf } from "@tillkeeper/agent/files/release-signature";
import type { OperationName, SendLogsResult } from "@tillkeeper/contract/operations";
import { releaseText } from "@tillkeeper/contract/releases";
import type { CaseContext } from "../case-context.ts";
import { BrokenLaw } from "../laws.ts";
import { type AnswerFiles, type FileAnswer, type FileRequest, failure } from "../transfers.ts";
import type { Case } from "./case.ts";

const windowMs = 120_000;
/** A request in which nothing has moved for so long has to be made again. */
const silentMs = 10_000;
const nothingNew = { device_model: null, latest: null, update_available: false, configuration: null };

/** Cases of uploads and downloads: logs, and releases. */
export const fileCases: readonly Case[] = [
  {
    name: "log",
    title: "sends its log, and answers with what it got back",
    laws: ["Sending a log"],
    play: (context) => uploadLog(context, []),
  },
  {
    name: "log-in-vain",
    title: "sends its log to a server that is away at first (503, 429)",
    laws: ["Sending a log"],
    play: (context) => uploadLog(context, [failure(503, "service_unavailable"), failure(429, "too_many_requests")]),
  },
  {
    name: "log-refused",
    title: "sends its log with a token that is over (401)",
    laws: ["Sending a log"],
    async play(context) {
      const { command } = sendWithFiles(context, "send_logs", () => failure(401, "invalid_token"));
      const { reason, status } = await context.result("Sending a log", command, "FAILED, device_error");
      if (status !== "FAILED" || reason !== "device_error") context.broken("Sending a log", "FAILED, device_error");
    },
  },
  {
    name: "nothing-new",
    title: "asks for updates where there are none, from a server that is away at first (503)",
    laws: ["check_update", "U6"],
    play: (context) => checkWithoutUpdate(context, [failure(503, "service_unavailable")]),
  },
  {
    name: "silent-request",
    title: "asks for updates, and its first request is never answered",
    laws: ["Requests that go silent"],
    play: (context) => checkWithoutUpdate(context, ["silent"]),
  },
  {
    name: "release-of-a-stranger",
    title: "is offered a release that is signed with a key which nobody has given it",
    laws: ["U1", "U2", "U4"],
    async play(context) {
      const { command, requests } = sendWithFiles(context, "check_update", ({ what, query }) =>
        what === "" ? { status: 200, body: manifestOfUnknownKey(query) } : { status: 200, body: "abc" },
      );
      const { status, reason, error } = await context.result("U1", command, "FAILED, refused");
      if (requests.some(({ what }) => what !== ""))
        context.broken("U2", "to verify the signature before the file is fetched");
      if (status !== "FAILED") context.broken("U1", "FAILED, refused");
      const codes = ["unknown_release_key", "bad_signature"];
      if (reason !== "refused" || !codes.includes(error?.code ?? ""))
        throw new BrokenLaw("U4", "refused, unknown_release_key", `${reason}, ${error?.code}`);
    },
  },
];

/** Sends a command with a `transfer`. `answer` answers its requests, which are collected in `requests`. */
function sendWithFiles(context: CaseContext, operation: OperationName, answer: AnswerFiles) {
  const { server } = context;
  const requests: FileRequest[] = [];
  const expiresAt = new Date(server.now().getTime() + windowMs);
  const transfer = server.offer(expiresAt, (request) => {
    requests.push(request);
    return answer(request);
  });
  return { command: context.send(operation, { transfer }), requests };
}

/** Plays an upload of a log. `first`: the answers to the first requests. */
async function uploadLog(context: CaseContext, first: readonly FileAnswer[]): Promise<void> {
  const law = "Sending a log";
  // Size and checksum differ from the upload's, as they do when card numbers were masked.
  const kept: SendLogsResult = { log_id: randomUUID(), size: 4_711, sha256: "0f".repeat(32) };
  let fault: string | undefined;
  const { command, requests } = sendWithFiles(context, "send_logs", (request) => {
    fault ??= faultOfLog(request);
    return first[requests.length - 1] ?? { status: 201, body: { ...kept, masked_count: 1 } };
  });
  const { status, result } = await context.result(law, command, "send_logs COMPLETED");
  if (fault !== undefined) throw new BrokenLaw(law, "a PUT as the page has it", fault);
  if (status !== "COMPLETED") context.broken(law, "send_logs COMPLETED");
  if (!isDeepStrictEqual(result, kept)) throw new BrokenLaw(law, JSON.stringify(kept), JSON.stringify(result));
}

function faultOfLog({ method, headers, body }: FileRequest): string | undefined {
  const said = String(headers["content-digest"]);
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  if (method !== "PUT") return method;
  if (said !== digest) return `Content-Digest ${said} for ${digest}`;
  if (!/^(application\/gzip|text\/plain)\b/.test(headers["content-type"] ?? "")) return `${headers["content-type"]}`;
  return headers["content-encoding"];
}

async function checkWithoutUpdate(context: CaseContext, first: readonly (FileAnswer | "silent")[]): Promise<void> {
  const law = first.includes("silent") ? "Requests that go silent" : "check_update";
  const { command, requests } = sendWithFiles(
    context,
    "check_update",
    () => first[requests.length - 1] ?? { status: 200, body: nothingNew },
  );
  await context.waitFor(
    law,
    "another request",
    () => (requests.length > first.length ? true : undefined),
    silentMs + context.patienceMs,
  );
  const { status, result } = await context.result(law, command, "check_update COMPLETED");
  if (status !== "COMPLETED") context.broken(law, "check_update COMPLETED");
  const told = requests.at(-1)?.query.get("software_version") ?? "";
  if (told === "") throw new BrokenLaw("check_update", "a `software_version` in the query", "none");
  const { current_version, latest_version, update_available } = result as Record<string, unknown>;
  if (current_version !== told || latest_version !== told || update_available !== false)
    throw new BrokenLaw("U6", `${told} as current and latest version, and no update`, JSON.stringify(result));
}

/** A manifest that is valid but for its key, which the device does not know. */
function manifestOfUnknownKey(query: URLSearchParams): object {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  const release = {
    device_model: "CHECK-AGENT",
    version: "999.0.0",
    size: 3,
    sha256: createHash("sha256").update("abc").digest("hex"),
  };
  const signature = sign(null, Buffer.from(releaseText(release)), privateKey).toString("base64url");
  const { device_model, ...about } = release;
  const key_id = keyIdOf({ kty: "OKP", crv: "Ed25519", x });
  const latest = {
    ...about,
    release_id: randomUUID(),
    signature,
    key_id,
    url: `file?transfer=${query.get("transfer")}`,
  };
  return { ...nothingNew, device_model, latest, update_available: true };
}
