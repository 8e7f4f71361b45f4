import QuickLRU from "quick-lru";
import { ApiError } from "../platform/errors.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { readUnit, removedUnit } from "./norwegian-format.ts";
import type { OrganizationRegister, RegisteredUnit } from "./register.ts";

interface RegisterSettings {
  /** Without a slash at the end. */
  url?: string | undefined;
  timeoutMs?: number;
}

const publicUrl = "https://data.brreg.no/enhetsregisteret/api";
const defaultTimeoutMs = 5_000;
/** What the register says changes rarely, and several stores of one company are often made in one go. */
const rememberedMs = 15 * minuteMs;
const mostRemembered = 1_000;
/** A unit has a few kilobytes. */
const mostAnswerBytes = 2 ** 20;

/**
 * The Norwegian register of organizations (Enhetsregisteret) by its open HTTP API: main units at `/enheter/{number}`,
 * sub-units at `/underenheter/{number}`; 404 for a number that it does not know, 410 for a unit it has removed.
 */
export function norwegianRegister({
  url = publicUrl,
  timeoutMs = defaultTimeoutMs,
}: RegisterSettings = {}): OrganizationRegister {
  const remembered = new QuickLRU<string, Promise<RegisteredUnit | undefined>>({
    maxSize: mostRemembered,
    maxAge: rememberedMs,
  });

  /** Callers that ask for the same unit at the same time share one request; failures are not remembered. */
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
      // From the first byte that is sent to the last that comes back.
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

/** Throws when it is longer than any answer of the register, before more of it is there. */
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
