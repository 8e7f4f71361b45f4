/** Error codes of releases, release keys and configurations. */
export const updateErrorCodes = {
  release_not_found: {
    status: 404,
    cause: "The account has no such release; for a terminal also: it is withdrawn, or not for this terminal.",
    cure: "Check the release's id; a terminal asks for its manifest again.",
  },
  release_file_not_found: {
    status: 404,
    cause: "The file of the release has not come yet, or is gone.",
    cure: "Send the file with PUT, while the release is a draft.",
  },
  release_key_not_found: {
    status: 404,
    cause: "The account has no such release key.",
    cure: "Check the `key_id`.",
  },
  configuration_not_found: {
    status: 404,
    cause: "The account has no configuration of this version.",
    cure: "Check the version.",
  },
  release_exists: {
    status: 409,
    cause: "The account has a release of this model and version.",
    cure: "Choose another version: a version that was available once belongs to its file for ever.",
  },
  release_not_draft: {
    status: 409,
    cause: "The release has its file already, or is withdrawn.",
    cure: "Read the release; a new file needs a new version.",
  },
  release_key_exists: {
    status: 409,
    cause: "The account has this release key, or had it and revoked it.",
    cure: "Use the registered key. A revoked key cannot be registered again: make another one.",
  },
  range_not_satisfiable: {
    status: 416,
    cause: "`Range` begins after the end of the file.",
    cure: "`Content-Range` names the file's size; ask for a range within it.",
  },
  invalid_signature: {
    status: 422,
    cause: "The signature is not by a live release key of the account, or not over the release's text.",
    cure: "Sign the exact text of docs/updates.md with a key that is registered and not revoked.",
  },
  file_mismatch: {
    status: 422,
    cause: "The file does not have the size and SHA-256 that were announced; nothing was kept.",
    cure: "Send the file that was announced, whole.",
  },
} as const;
