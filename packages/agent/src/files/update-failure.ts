import type { DeviceReason } from "@tillkeeper/contract/operation-reasons";
import type { Failed } from "../operations/operation.ts";

/** Why an update was not fetched, or not installed. */
export const updateFailures = {
  /** The server, or the way to it, is away; what was downloaded so far is kept. */
  update_unreachable: "host_unreachable",
  bad_manifest: "device_error",
  unknown_release_key: "refused",
  bad_signature: "refused",
  bad_checksum: "refused",
  storage_failed: "storage_failed",
} as const satisfies Record<string, DeviceReason>;

export class UpdateFailure extends Error {
  override readonly name = "UpdateFailure";
  readonly code: keyof typeof updateFailures;

  constructor(code: keyof typeof updateFailures, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** As the answer to the operation. */
  outcome(): Failed {
    const error = { code: this.code, message: this.message.slice(0, 500) };
    return { status: "FAILED", reason: updateFailures[this.code], error };
  }
}
