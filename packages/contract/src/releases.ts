import { Type } from "typebox";

/** The states of a release: one version of the software of one device model. */
export const releaseStatuses = ["draft", "available", "withdrawn"] as const;
export const ReleaseStatus = Type.Enum(releaseStatuses, {
  description:
    "draft: its file has not been sent yet. available: offered to terminals of its model. withdrawn: not offered any more.",
});
export type ReleaseStatus = (typeof releaseStatuses)[number];

/** Which states a release may move to. A state without moves is final. */
export const releaseMoves = {
  draft: ["available", "withdrawn"],
  available: ["withdrawn"],
  withdrawn: [],
} as const satisfies Record<ReleaseStatus, readonly ReleaseStatus[]>;

/** The fields of a release that its signature covers. */
export interface SignedRelease {
  device_model: string;
  version: string;
  size: number;
  sha256: string;
}

/**
 * The exact text, in UTF-8, that the maker's Ed25519 key signs. No field can hold a line break, so two different releases
 * have different texts.
 */
export function releaseText({ device_model, version, size, sha256 }: SignedRelease): string {
  return `tillkeeper-release-v1\n${device_model}\n${version}\n${size}\n${sha256}\n`;
}
