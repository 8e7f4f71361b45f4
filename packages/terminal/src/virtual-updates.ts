import { rm } from "node:fs/promises";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { Clock } from "./clock.ts";
import type { OperationHandler } from "./operation.ts";
import type { TerminalState } from "./terminal-state.ts";
import { checkUpdate, type Versions } from "./updates.ts";

/** What a virtual terminal came with. */
const firstVersion = "4.2.0";

/** What a terminal runs that is started with this memory. */
export function installedVersion({ software_version = firstVersion }: TerminalState): string {
  return software_version;
}

/** What runs since the start with `software_version`. A configuration is taken on at once. */
export function runningVersions({ configuration_version }: TerminalState, software_version: string): Versions {
  return { software_version, ...(configuration_version !== undefined && { configuration_version }) };
}

export interface VirtualUpdatesOptions {
  /** What runs since the last start; what is installed may be newer. */
  runningVersion: string;
  /** The release keys that it trusts; none without it. */
  releaseKeys: (() => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>) | undefined;
  /** Where downloads lie. */
  folder: string;
  clock: Clock;
}

/** `check_update` as a real terminal does it, but for the last step: what is installed is only the version's name. */
export function virtualUpdates(options: VirtualUpdatesOptions): OperationHandler<"check_update", TerminalState> {
  const { runningVersion, releaseKeys, folder, clock } = options;
  return checkUpdate<TerminalState>({
    trustedKeys: () => releaseKeys?.() ?? [],
    running: (state) => runningVersions(state, runningVersion),
    folder,
    install: () => rm(folder, { recursive: true, force: true }),
    remember: (state, changed) => ({ ...state, ...changed }),
    clock,
  });
}
