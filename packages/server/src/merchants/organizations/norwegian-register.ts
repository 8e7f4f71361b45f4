import QuickLRU from "quick-lru";
import { ApiError } from "../../platform/errors.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import { readUnit, removedUnit } from "./norwegian-format.ts";
import type { OrganizationRegister, RegisteredUnit } from "./register.ts";

interface RegisterSettings {
  /** Address of the API, without a slash at the end. */
  url?: string | undefined;
  timeoutMs?: number;
}

const publicUrl = "https://data.brreg.no/enhetsregisteret/api";
const defaultTimeoutMs = 5_000;
/** Life of a cached answer: units change rarely, and several stores of one company are often created together. */
const rememberedMs = 15 * minuteMs;
const mostRemembered = 1_000;
/** A unit has a few kilobytes. */
const mostAnswerBytes = 2 ** 20;

/**
 * The Norwegian register of organizations (Enhetsregisteret) by its open HTTP API: main units at `/enheter/{number}`,
 * sub-units at `/underenheter/{number}`. It answers 404 for an unknown number, and 410 for a removed unit.
 */
export function norwegianRegister({
  url = publicUrl,
  timeoutMs = defaultTimeoutMs,
}: RegisterSettings = {}): OrganizationRegister {
  const remembered = new QuickLRU<string, Promise<RegisteredUnit | undefined>>({
    maxSize: mostRemembered,
    maxAge: rememberedMs,
  });

  /** Calls for one unit share a request; failures are not cached. */
  function find(list: "enheter" | "underenheter", organizationNumber: string): Promise<RegisteredUnit | undefined> {
    const path = `${list}/${organizationNumber}`;
    const known = remembered.get(path);
    if (known) return known;
    const asked = ask(`${url}/${list}/${encodeURIComponent(organizationNumber)}`, organizationNumber, timeoutMs);
    remembered.set(path, asked);
    asked.catch(() => remembered.delete(path));
    return asked;
  }

  return {
    findMainUnit: (organizationNumber) => find("enheter", organizationNumber),
    findSubUnit: (organizationNumber) => find("underenheter", organizationNumber),
  };
}

async function ask(url: string, organizationNumber: string, timeoutMs: number): Promise<RegisteredUnit | undefined> {
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      // The register does not redirect. A redirect might lead to an address in the operator's own network.
      redirect: "error",
      // Limits the whole request, from the first byte sent to the last one received.
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200) await response.body?.cancel();
    if (response.status === 404) return undefined;
    if (response.status === 410) return removedUnit(organizationNumber);
    if (response.status !== 200) throw new Error(`the register answered ${response.status}`);
    const unit = readUnit(JSON.parse(await wholeText(response)), organizationNumber);
    if (!unit) throw new Error("the register answered something that it does not document");
    return unit;
  } catch (cause) {
    throw new ApiError("register_unavailable", "The public register of organizations cannot be asked right now.", {
      cause,
    });
  }
}

/** Reads the answer's text. Throws as soon as it is longer than any answer of the register. */
async function wholeText({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    // Leaving the loop ends the connection.
    if (bytes > mostAnswerBytes) throw new Error(`the register answered more than ${mostAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
