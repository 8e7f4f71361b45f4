import type { DeviceReason } from "@tillkeeper/contract/operation-reasons";
import type { Failed } from "../operations/operation.ts";

/** The codes of update failures, each with the reason of its FAILED outcome. */
export const updateFailures = {
  /** The server cannot be reached; the bytes that were downloaded so far are kept. */
  update_unreachable: "host_unreachable",
  bad_manifest: "device_error",
  unknown_release_key: "refused",
  bad_signature: "refused",
  bad_checksum: "refused",
  storage_failed: "storage_failed",
} as const satisfies Record<string, DeviceReason>;

/** An update was not fetched, or not installed. */
export class UpdateFailure extends Error {
  override readonly name = "UpdateFailure";
  readonly code: keyof typeof updateFailures;

  constructor(code: keyof typeof updateFailures, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** Returns the failure as the outcome of the operation. */
  outcome(): Failed {
    const error = { code: this.code, message: this.message.slice(0, 500) };
    return { status: "FAILED", reason: updateFailures[this.code], error };
  }
}
