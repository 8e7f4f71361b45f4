import { createHmac, type KeyObject } from "node:crypto";
import type { HookSecret } from "@tillkeeper/contract/http/hook-schemas";
import aws4 from "aws4";

/** The secrets of a subscription that are valid now, the newest first. */
export interface Secrets {
  signing: readonly KeyObject[];
  config: readonly HookSecret[];
}

export interface Signed {
  url: URL;
  /** `webhook-id`: the same in every attempt, so that receivers can discard repeats. */
  id: string;
  body: string;
  at: Date;
  headers: Record<string, string>;
}

/** The headers by which a receiver knows where a request comes from. */
export function signatureHeaders(request: Signed, { signing, config }: Secrets): Record<string, string> {
  const headers = { ...standardHeaders(request, signing), ...hmacHeaders(request.body, config) };
  const [newest] = config;
  if (newest?.type === "Authorization") return { ...headers, authorization: newest.value };
  if (newest?.type !== "AWS4-HMAC-SHA256") return headers;
  return awsHeaders({ ...request, headers: { ...request.headers, ...headers } }, newest);
}

/** Standard Webhooks: one signature for each valid secret. */
function standardHeaders({ id, body, at }: Signed, keys: readonly KeyObject[]): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = keys.map((key) => {
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

/**
 * The documented signature. The header has one value, so it is made by the newest secret; during a rotation the one before stands
 * in a header of its own.
 */
function hmacHeaders(body: string, config: readonly HookSecret[]): Record<string, string> {
  const [newest, before] = config.flatMap((secret) => (secret.type === "HMAC-SHA1" ? [secret.value] : []));
  const signed = (secret: string) => createHmac("sha1", secret).update(body).digest("hex");
  if (newest === undefined || config[0]?.type !== "HMAC-SHA1") return {};
  return {
    "event-signature": signed(newest),
    ...(before !== undefined && { "event-signature-previous": signed(before) }),
  };
}

/** AWS Signature Version 4 over the whole request. */
function awsHeaders(
  { url, body, at, headers }: Signed,
  secret: HookSecret & { type: "AWS4-HMAC-SHA256" },
): Record<string, string> {
  const signed = aws4.sign(
    {
      host: url.host,
      path: `${url.pathname}${url.search}`,
      method: "POST",
      service: secret.service,
      region: secret.region,
      headers: { ...headers, "x-amz-date": at.toISOString().replaceAll(/[-:]|\.\d{3}/g, "") },
      body,
    },
    { accessKeyId: secret.aws_access_key_id, secretAccessKey: secret.aws_secret_access_key },
  );
  const all = Object.entries(signed.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  // The HTTP client writes these two itself, with the same values.
  return Object.fromEntries(all.filter(([name]) => !["host", "content-length"].includes(name)));
}
