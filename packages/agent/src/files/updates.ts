import { rm } from "node:fs/promises";
import type { OfferedRelease, UpdateManifest } from "@tillkeeper/contract/http/device-updates";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { Transfer } from "@tillkeeper/contract/mqtt";
import type { CheckUpdateResult } from "@tillkeeper/contract/operations";
import { compareVersions } from "@tillkeeper/contract/versions";
import { type Clock, systemClock } from "../clock.ts";
import type { Completed, Failed, HandlerContext, Operation, OperationHandler } from "../operations/operation.ts";
import { movingFetch } from "./moving-fetch.ts";
import { downloadRelease } from "./release-download.ts";
import { verifyRelease } from "./release-signature.ts";
import { UpdateFailure } from "./update-failure.ts";
import { fetchManifest } from "./update-manifest.ts";

/** What a terminal runs, or will run from its next start on. */
export interface Versions {
  software_version: string;
  /** Absent as long as it has none. */
  configuration_version?: string;
}

export interface UpdatesOptions<State> {
  /**
   * The public keys of those whose releases this terminal installs. They come with the terminal or with its pairing, never
   * from whoever offers a release.
   */
  trustedKeys: () => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>;
  /** What this terminal is; left out, the server is believed. A release is signed for one model. */
  deviceModel?: string;
  /** What it runs now. */
  running: (state: State) => Versions;
  /** For downloads, and for nothing else; made when it is missing. */
  folder: string;
  /** Takes a configuration on. To reject fails the operation. */
  configure?: (configuration: NonNullable<UpdateManifest["configuration"]>) => Promise<void>;
  /**
   * Lays a verified release ready for the next start, so that the terminal can go back when it does not come up with it.
   * The file is removed afterwards. The restart itself has to wait for the receipt: see `AgentOptions.receipted`.
   */
  install: (release: OfferedRelease, path: string) => Promise<void>;
  /** The state that remembers what has changed, and is run from the next start on; kept in one write with the answer. */
  remember: (state: State, changed: Partial<Versions>) => State;
  clock?: Clock;
  /** Makes the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
  /** When a request in which nothing moves is given up; ten seconds unless told otherwise. */
  stallMs?: number;
}

/** Reported by a terminal that has no configuration. */
const noConfiguration = "0";

/** Before the deadline, so that the answer is in time: this long, or this share of the window if that is less. */
const giveUpBeforeMs = 1000;
const giveUpBeforeShare = 0.1;

/**
 * Carries `check_update` out: asks the server what there is, fetches what is newer, verifies it against the trusted keys, and
 * only then installs it. What was not verified whole is never installed, and an older version is not either, whatever the
 * server says.
 */
export function checkUpdate<State>(options: UpdatesOptions<State>): OperationHandler<"check_update", State> {
  const installing = new Set<string>();
  return {
    run: async (operation, context) => {
      try {
        return await perform(options, operation, context, () => void installing.add(operation.operation_id));
      } catch (cause) {
        if (cause instanceof UpdateFailure) return cause.outcome();
        throw cause;
      } finally {
        installing.delete(operation.operation_id);
      }
    },
    // What is half installed must be brought to its end.
    cancellable: ({ operation_id }) => !installing.has(operation_id),
  };
}

type Outcome<State> = Completed<CheckUpdateResult, State> | Failed;

async function perform<State>(
  options: UpdatesOptions<State>,
  operation: Operation,
  context: HandlerContext<State>,
  beginInstalling: () => void,
): Promise<Outcome<State>> {
  const running = options.running(context.state);
  // A server that says nothing of files has none.
  if (!operation.transfer) return completed(options, context, { running, changed: {}, latest: null });
  const { clock = systemClock } = options;
  const time = limitedTime(clock, operation, context);
  const signal = AbortSignal.any([context.signal, context.cancelled, time.signal]);
  try {
    const http = { fetch: movingFetch(options), signal, clock };
    const manifest = await fetchManifest(operation.transfer, { ...running }, http);
    const { latest, configuration } = manifest;
    const wanted = latest && compareVersions(latest.version, running.software_version) > 0 ? latest : undefined;
    const path = wanted && (await fetchVerified(options, operation.transfer, { manifest, wanted, http }));
    signal.throwIfAborted();
    beginInstalling();
    if (configuration && !configuration.up_to_date) await options.configure?.(configuration);
    if (wanted && path !== undefined) await install(options, wanted, path);
    const changed = {
      ...(wanted && { software_version: wanted.version }),
      ...(configuration && { configuration_version: configuration.version }),
    };
    return completed(options, context, { running, changed, latest });
  } finally {
    time.end();
  }
}

interface Wanted {
  manifest: UpdateManifest;
  wanted: OfferedRelease;
  http: { fetch: typeof fetch; signal: AbortSignal; clock: Clock };
}

/** The signature covers size and checksum: it is verified before a byte is fetched, and the file against both. */
async function fetchVerified<State>(
  options: UpdatesOptions<State>,
  { url, token }: Transfer,
  { manifest, wanted, http }: Wanted,
): Promise<string> {
  const device_model = options.deviceModel ?? manifest.device_model ?? "";
  verifyRelease({ ...wanted, device_model }, await options.trustedKeys());
  const { size, sha256 } = wanted;
  const { folder } = options;
  return downloadRelease({ ...http, url: new URL(wanted.url, url), token, size, sha256, folder });
}

async function install<State>(options: UpdatesOptions<State>, release: OfferedRelease, path: string): Promise<void> {
  await options.install(release, path);
  await rm(path, { force: true });
}

interface Found {
  running: Versions;
  changed: Partial<Versions>;
  latest: OfferedRelease | null;
}

function completed<State>(
  { remember }: UpdatesOptions<State>,
  { state }: HandlerContext<State>,
  { running, changed, latest }: Found,
): Completed<CheckUpdateResult, State> {
  return {
    status: "COMPLETED",
    result: {
      current_version: running.software_version,
      latest_version: latest?.version ?? running.software_version,
      update_available: changed.software_version !== undefined,
      configuration_version: changed.configuration_version ?? running.configuration_version ?? noConfiguration,
    },
    state: remember(state, changed),
  };
}

/** Aborts shortly before the operation's deadline, by the server's time. */
function limitedTime<State>(
  clock: Clock,
  { created_at, expires_at }: Operation,
  { serverNow }: Pick<HandlerContext<State>, "serverNow">,
): { signal: AbortSignal; end: () => void } {
  const expiresAt = Date.parse(expires_at);
  const early = Math.min(giveUpBeforeMs, giveUpBeforeShare * (expiresAt - Date.parse(created_at)));
  const over = new AbortController();
  const late = new UpdateFailure("update_unreachable", "The update could not be fetched in time; what came is kept");
  const end = clock.after(Math.max(0, expiresAt - early - serverNow()), () => over.abort(late));
  return { signal: over.signal, end };
}
