import { rm } from "node:fs/promises";
import type { Clock } from "@tillkeeper/agent/clock";
import { checkUpdate, type Versions } from "@tillkeeper/agent/files/updates";
import type { OperationHandler } from "@tillkeeper/agent/operations/operation";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { TerminalState } from "./state.ts";

/** The version of a new virtual terminal. */
const firstVersion = "4.2.0";

/** Returns the version that a terminal with this state runs after its next start. */
export function installedVersion({ software_version = firstVersion }: TerminalState): string {
  return software_version;
}

/**
 * Returns the versions that run: the software since the last start, and the configuration, which is applied at once.
 */
export function runningVersions({ configuration_version }: TerminalState, software_version: string): Versions {
  return { software_version, ...(configuration_version !== undefined && { configuration_version }) };
}

export interface VirtualUpdatesOptions {
  /** The version that runs since the last start; the installed version may be newer. */
  runningVersion: string;
  /** Returns the release keys that the terminal trusts; undefined: none. */
  releaseKeys: (() => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>) | undefined;
  /** The terminal's model, if it is known. */
  deviceModel: string | undefined;
  /** The folder for downloads. */
  folder: string;
  clock: Clock;
}

/**
 * Makes a handler for `check_update` like a real terminal's, except for the last step: only the version's name is
 * installed.
 */
export function virtualUpdates(options: VirtualUpdatesOptions): OperationHandler<"check_update", TerminalState> {
  const { runningVersion, releaseKeys, deviceModel, folder, clock } = options;
  return checkUpdate<TerminalState>({
    trustedKeys: () => releaseKeys?.() ?? [],
    ...(deviceModel !== undefined && { deviceModel }),
    running: (state) => runningVersions(state, runningVersion),
    folder,
    install: () => rm(folder, { recursive: true, force: true }),
    remember: (state, changed) => ({ ...state, ...changed }),
    clock,
  });
}
