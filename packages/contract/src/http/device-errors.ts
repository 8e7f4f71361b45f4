/** Error codes of the endpoints for devices, and of logs. */
export const deviceErrorCodes = {
  session_replaced: {
    status: 409,
    cause: "A newer session of the terminal has asked for its messages.",
    cure: "Begin a new session after a pause, longer each time: another device or program may use the same address.",
  },
  pairing_refused: {
    status: 401,
    cause: "The device's serial number and pairing code do not go together, or the code is used, expired or replaced.",
    cure: "Check the serial number, then ask for a new pairing code.",
  },
  invalid_proof: {
    status: 401,
    cause: "The device's proof is malformed, outdated, or not signed by the key that the terminal is paired with.",
    cure: "Sign a proof with a fresh nonce. If it still fails, the device has to be paired again.",
  },
  device_unchanged: {
    status: 409,
    cause: "The terminal is this device already.",
    cure: "To pair the same device again, ask for a new pairing code.",
  },
  log_exists: {
    status: 409,
    cause: "The operation has a different log already.",
    cure: "Use the log that is there, or send a new `send_logs`.",
  },
  upload_replaced: {
    status: 409,
    cause: "A newer upload for the same operation replaced this one, or the upload took longer than it may.",
    cure: "Go on with the newer upload, or send it again while the operation's window is open.",
  },
  log_too_large: {
    status: 413,
    cause: "The log is over 64 MiB as sent, or over 512 MiB unpacked; nothing of it was kept.",
    cure: "Send less, for example only the latest days.",
  },
  invalid_digest: {
    status: 400,
    cause: "`Content-Digest` is missing, holds no SHA-256, or is not that of the bytes that came.",
    cure: "Send `Content-Digest: sha-256=:<base64>:` over the body exactly as it is sent (RFC 9530).",
  },
  invalid_log: {
    status: 400,
    cause: "The body is no whole gzip file, or ended early; nothing of it was kept.",
    cure: "Send the whole log again, as gzip or as plain text.",
  },
  storage_full: {
    status: 503,
    cause: "The server has no room for the file; nothing of it was kept.",
    cure: "Make room where the server keeps its files, then send it again. Terminals send again by themselves while the operation's window is open.",
    retryAfterSeconds: 2,
  },
  log_not_found: {
    status: 404,
    cause: "The terminal has no such log, or the log was removed at the end of its retention.",
    cure: "Check the log's id; `send_logs` fetches a new one.",
  },
} as const;
