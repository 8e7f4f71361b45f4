import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { Origin } from "@tillkeeper/contract/mqtt/parts";
import type { OperationParameters } from "@tillkeeper/contract/operations";
import type { Command } from "../sql/claim-messages.ts";

/** The origin that a device returned with a result, for an operation that the database may not know any more. */
export interface KnownOrigin {
  requestKey: Buffer | null;
  requestSha256: Buffer | null;
  parameters: OperationParameters;
  createdAt: Date;
  createdBy: string;
  deadline: Date;
}

/** Signs the origin that a command carries, and verifies the origin that a result returns. */
export interface Origins {
  of(command: Command): Origin;
  /**
   * Reads the origin of a result. Undefined without one, or if no server of this installation signed it for that
   * operation.
   */
  read(address: string, result: ResultMessage): KnownOrigin | undefined;
}

/**
 * In this order: terminal, operation, kind, creation time, client, deadline, parameters, idempotency key, request hash.
 */
type Payload = [string, string, string, string, string, string, OperationParameters, string | null, string | null];

/** `key` must be equal at all servers. */
export function createOrigins(key: Buffer): Origins {
  // Made once: with plain bytes each digest would make the key object anew, which costs four times the digest itself.
  const secret = createSecretKey(key);
  const macOf = (text: string) => createHmac("sha256", secret).update(text).digest();

  return {
    of({ terminalId, operationId, operation, parameters, createdAt, deadline, request }) {
      const requestKey = request?.requestKey?.toString("base64url");
      const payload: Payload = [
        terminalId,
        operationId,
        operation,
        createdAt.toISOString(),
        request?.clientId ?? "",
        deadline.toISOString(),
        parameters,
        requestKey ?? null,
        request?.requestSha256?.toString("base64url") ?? null,
      ];
      const text = Buffer.from(JSON.stringify(payload)).toString("base64url");
      const signed = `${text}.${macOf(text).toString("base64url")}`;
      return { ...(requestKey !== undefined && { request: requestKey }), signed };
    },

    read(address, { operation_id: id, operation, origin }) {
      const [text = "", mac = ""] = origin?.signed.split(".") ?? [];
      const shown = Buffer.from(mac, "base64url");
      const right = macOf(text);
      if (shown.length !== right.length || !timingSafeEqual(shown, right)) return undefined;
      const payload = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as Payload;
      const [terminalId, operationId, kind, createdAt, createdBy, deadline, parameters, requestKey, body] = payload;
      const isOfThis = operationId === id && kind === operation;
      if (!isOfThis || terminalId !== readDeviceAddress(address)?.terminalId) return undefined;
      return {
        requestKey: requestKey === null ? null : Buffer.from(requestKey, "base64url"),
        requestSha256: body === null ? null : Buffer.from(body, "base64url"),
        parameters,
        createdAt: new Date(createdAt),
        createdBy,
        deadline: new Date(deadline),
      };
    },
  };
}
