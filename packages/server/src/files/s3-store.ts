import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  NoSuchKey,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { StartupError } from "../platform/startup-error.ts";
import { checkedName, type FileStore } from "./file-store.ts";

/** Bucket and service of files in S3. Credentials come by the SDK's own chain, environment variables first. */
export interface S3Place {
  bucket: string;
  /** Ends in `/` unless it is empty. */
  prefix: string;
  /** Address of another service than AWS. */
  endpoint: string | undefined;
  region: string | undefined;
}

/** The smallest part of a multipart upload that S3 accepts. One part is filled while another is being sent. */
const partBytes = 5 * 2 ** 20;
const connectionTimeout = 5_000;

/**
 * Opens a bucket as file store. `patienceMs` limits each request. Throws `StartupError` when the bucket cannot be
 * reached.
 */
export async function openS3Store(place: S3Place, patienceMs: number): Promise<FileStore & { close(): void }> {
  const { bucket: Bucket, endpoint, region } = place;
  const client = new S3Client({
    // Without `throwOnRequestTimeout` the SDK only warns about a request without an answer.
    requestHandler: { connectionTimeout, requestTimeout: patienceMs, throwOnRequestTimeout: true },
    ...((region ?? (endpoint && "us-east-1")) && { region: region ?? "us-east-1" }),
    // Many other services support neither bucket names in the host nor the newer checksums.
    ...(endpoint && {
      endpoint,
      forcePathStyle: true,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    }),
  });
  try {
    await client.send(new HeadBucketCommand({ Bucket }), { abortSignal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    client.destroy();
    throw unreachable(place, error);
  }
  return { ...s3Store(client, place), close: () => client.destroy() };
}

function s3Store(client: S3Client, { bucket: Bucket, prefix }: S3Place): FileStore {
  const keyOf = (name: string) => `${prefix}${checkedName(name)}`;
  return {
    async put(name, content, signal) {
      const Key = keyOf(name);
      let bytes = 0;
      let failure: { cause: unknown } | undefined;
      async function* counted(): AsyncGenerator<Uint8Array> {
        try {
          for await (const piece of content) {
            bytes += piece.byteLength;
            yield piece;
          }
        } catch (cause) {
          failure = { cause };
          throw cause;
        }
      }
      // A file of several parts appears when all parts are there. When one part fails, the stored parts are dropped.
      const Body = Readable.from(counted(), { objectMode: false });
      const params = { Bucket, Key, Body };
      const sending = signal ? endedBy(signal, client) : client;
      const upload = new Upload({
        client: sending,
        params,
        partSize: partBytes,
        queueSize: 1,
        leavePartsOnError: false,
      });
      const giveUp = () => Body.destroy(signal?.reason as Error);
      signal?.addEventListener("abort", giveUp);
      try {
        await upload.done();
      } catch (error) {
        throw failure ? failure.cause : error;
      } finally {
        signal?.removeEventListener("abort", giveUp);
        Body.destroy();
      }
      return { bytes };
    },
    async get(name, part, signal) {
      const Range = part && `bytes=${part.first}-${part.last}`;
      try {
        const command = new GetObjectCommand({ Bucket, Key: keyOf(name), ...(Range && { Range }) });
        const { Body } = await client.send(command, { ...(signal && { abortSignal: signal }) });
        return Body as Readable;
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async remove(name, signal) {
      const command = new DeleteObjectCommand({ Bucket, Key: keyOf(name) });
      await client.send(command, { ...(signal && { abortSignal: signal }) });
    },
  };
}

/**
 * A client for one upload, whose requests end with `signal`; the SDK's upload passes no signal to them. Without it a
 * part could arrive after its file was given up. The command that drops stored parts is sent regardless.
 */
function endedBy(signal: AbortSignal, client: S3Client): S3Client {
  const send = (command: Parameters<S3Client["send"]>[0]) =>
    client.send(command, command instanceof AbortMultipartUploadCommand ? {} : { abortSignal: signal });
  return Object.create(client, { send: { value: send } }) as S3Client;
}

function unreachable({ bucket, endpoint }: S3Place, cause: unknown): StartupError {
  const { name, message } = cause as Error;
  const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const reason =
    status === 404 ? "there is no such bucket" : status === 403 ? "access is denied" : `${name}: ${message}`;
  return new StartupError(
    `The files cannot be kept in the bucket ${bucket}${endpoint === undefined ? "" : ` at ${endpoint}`} (${reason}): check TILLKEEPER_FILES, TILLKEEPER_S3_ENDPOINT, TILLKEEPER_S3_REGION and the AWS credentials.`,
    { cause },
  );
}
