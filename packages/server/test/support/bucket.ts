import type { EventEmitter } from "node:events";
import S3rver from "@20minutes/s3rver";
import { vi } from "vitest";

/** The name of the bucket. */
export const bucket = "terminal-files";

/** An object store with one bucket. */
export interface Bucket {
  port: number;
  /** Emits `request` for each request to the store. */
  httpServer: EventEmitter;
  stop: () => Promise<void>;
}

/** Starts an object store, whose files are in the folder. Its credentials are in the environment until it stops. */
export async function startBucket(directory: string): Promise<Bucket> {
  // Credentials that s3rver accepts; the server finds them by the SDK's own chain.
  vi.stubEnv("AWS_ACCESS_KEY_ID", "S3RVER");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "S3RVER");
  const s3 = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    // s3rver computes another signature than the SDK; the key must still be a known one.
    allowMismatchedSignatures: true,
    directory,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await s3.run();
  const stop = async () => {
    await s3.close();
    vi.unstubAllEnvs();
  };
  return { port, httpServer: s3.httpServer, stop };
}
