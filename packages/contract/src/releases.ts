import { Type } from "typebox";

/** A version of the software of one model: without its file, offered, or taken back. */
export const releaseStatuses = ["draft", "available", "withdrawn"] as const;
export const ReleaseStatus = Type.Enum(releaseStatuses, {
  description:
    "draft: described, its file has not come yet. available: offered to terminals of its model. withdrawn: not offered any more.",
});
export type ReleaseStatus = (typeof releaseStatuses)[number];

/** Which states a release may move to. One that lists none is final. */
export const releaseMoves = {
  draft: ["available", "withdrawn"],
  available: ["withdrawn"],
  withdrawn: [],
} as const satisfies Record<ReleaseStatus, readonly ReleaseStatus[]>;

/** What a signature is about. */
export interface SignedRelease {
  device_model: string;
  version: string;
  size: number;
  sha256: string;
}

/**
 * The exact text, in UTF-8, that the maker's Ed25519 key signs. No field can hold a line break, so no two releases have
 * the same text.
 */
export function releaseText({ device_model, version, size, sha256 }: SignedRelease): string {
  return `tillkeeper-release-v1\n${device_model}\n${version}\n${size}\n${sha256}\n`;
}
