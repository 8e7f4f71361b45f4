import { rm } from "node:fs/promises";
import type { Clock } from "@tillkeeper/agent/clock";
import { checkUpdate, type Versions } from "@tillkeeper/agent/files/updates";
import type { OperationHandler } from "@tillkeeper/agent/operations/operation";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { TerminalState } from "./state.ts";

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
  /** What it is, if it knows. */
  deviceModel: string | undefined;
  /** Where downloads lie. */
  folder: string;
  clock: Clock;
}

/** `check_update` as a real terminal does it, but for the last step: what is installed is only the version's name. */
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
