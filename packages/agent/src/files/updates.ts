import { rm } from "node:fs/promises";
import type { OfferedRelease, UpdateManifest } from "@tillkeeper/contract/http/device-updates";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import type { CheckUpdateResult } from "@tillkeeper/contract/operations";
import { compareVersions } from "@tillkeeper/contract/versions";
import { type Clock, systemClock } from "../clock.ts";
import type { Completed, Failed, HandlerContext, Operation, OperationHandler } from "../operations/operation.ts";
import { downloadRelease } from "./release-download.ts";
import { verifyRelease } from "./release-signature.ts";
import { fetchWithStallLimit } from "./stall-limit-fetch.ts";
import { UpdateFailure } from "./update-failure.ts";
import { fetchManifest } from "./update-manifest.ts";

/** The versions that a terminal runs, or will run from its next start on. */
export interface Versions {
  software_version: string;
  /** Absent while the terminal has no configuration. */
  configuration_version?: string;
}

/** What the handler of `check_update` needs from the terminal. */
export interface UpdatesOptions<State> {
  /**
   * Returns the public release keys that this terminal trusts. They must come with the terminal or its pairing, never
   * from the server that offers a release. To reject fails the operation.
   */
  trustedKeys: () => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>;
  /** The terminal's model; left out, the model in the manifest. A release is signed for one model. */
  deviceModel?: string;
  /** Returns the versions that the terminal runs now. */
  running: (state: State) => Versions;
  /** A folder for downloads only; made when it is missing. */
  folder: string;
  /** Applies a configuration; called when the manifest has another than the terminal. To reject fails the operation. */
  configure?: (configuration: NonNullable<UpdateManifest["configuration"]>) => Promise<void>;
  /**
   * Prepares a verified release for the next start, in a way that the terminal can go back when it does not start with
   * it. Called with the path of the file, which is removed afterwards. To reject fails the operation. The restart
   * itself has to wait for the receipt: see `AgentOptions.receipted`.
   */
  install: (release: OfferedRelease, path: string) => Promise<void>;
  /**
   * Returns the state with the changed versions, which run from the next start on; stored in one write with the result.
   */
  remember: (state: State, changed: Partial<Versions>) => State;
  clock?: Clock;
  /** Makes the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Milliseconds without progress after which a request is aborted; left out, 10 000. */
  stallMs?: number;
}

/** The `configuration_version` of a terminal without a configuration. */
const noConfiguration = "0";

/**
 * Fetching ends this long before the deadline, or this share of the window if that is less, so that the result is in
 * time.
 */
const giveUpBeforeMs = 1000;
const giveUpBeforeShare = 0.1;

/**
 * Makes a handler for `check_update`: it fetches the manifest, downloads a newer release, verifies it against the
 * trusted keys and only then installs it. A release that was not verified whole, or is older than the running version,
 * is never installed, even when the server offers it.
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
    // An installation that has begun must end.
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
  // Without a transfer the server offers no files.
  if (!operation.transfer) return completed(options, context, { running, changed: {}, latest: null });
  const { clock = systemClock } = options;
  const time = limitedTime(clock, operation, context);
  const signal = AbortSignal.any([context.signal, context.cancelled, time.signal]);
  try {
    const http = { fetch: fetchWithStallLimit(options), signal, clock };
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

/**
 * Verifies the signature, which covers size and digest, before a byte is fetched; the download is checked against both.
 */
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

/** Returns a signal that aborts shortly before the operation's deadline, by the server's time. */
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
