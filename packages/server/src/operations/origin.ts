import { createHmac, timingSafeEqual } from "node:crypto";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Origin, ResultMessage } from "@tillkeeper/contract/mqtt";
import type { OperationParameters } from "@tillkeeper/contract/operations";
import { preciseTime } from "../platform/timestamps.ts";
import type { Command } from "./sql/claim-messages.ts";

/** What a device brought back of an operation that the database may not know any more. */
export interface KnownOrigin {
  requestKey: Buffer | null;
  requestSha256: Buffer | null;
  parameters: OperationParameters;
  createdAt: Date;
  createdBy: string;
  deadline: Date;
}

/** Signs what commands carry of their origin, and reads what comes back; the key is the same at all servers. */
export interface Origins {
  of(command: Command): Origin;
  /** Undefined where there is none, or it is not what a server of this installation signed for that operation. */
  read(address: string, result: ResultMessage): KnownOrigin | undefined;
}

export function createOrigins(key: Buffer): Origins {
  const sign = (terminalId: string, id: string, operation: string, { signature: _, ...origin }: Origin) =>
    createHmac("sha256", key)
      .update(canonical(terminalId, id, operation, origin))
      .digest();

  return {
    of({ terminalId, operationId, operation, parameters, createdAt, deadline, request }) {
      const origin = {
        ...(request?.requestKey && { request: request.requestKey.toString("base64url") }),
        ...(request?.requestSha256 && { request_body: request.requestSha256.toString("base64url") }),
        parameters,
        created_at: preciseTime(createdAt),
        created_by: request?.clientId ?? "",
        deadline: preciseTime(deadline),
        signature: "",
      };
      const signature = sign(terminalId, operationId, operation, origin).toString("base64url");
      return { ...origin, signature };
    },

    read(address, { operation_id: id, operation, origin }) {
      const terminalId = readDeviceAddress(address)?.terminalId;
      if (!origin || terminalId === undefined) return undefined;
      const shown = Buffer.from(origin.signature, "base64url");
      const right = sign(terminalId, id, operation, origin);
      if (shown.length !== right.length || !timingSafeEqual(shown, right)) return undefined;
      const { operator_id } = origin.parameters;
      return {
        requestKey: origin.request === undefined ? null : Buffer.from(origin.request, "base64url"),
        requestSha256: origin.request_body === undefined ? null : Buffer.from(origin.request_body, "base64url"),
        parameters: operator_id === undefined ? {} : { operator_id },
        createdAt: new Date(origin.created_at),
        createdBy: origin.created_by,
        deadline: new Date(origin.deadline),
      };
    },
  };
}

type Unsigned = Omit<Origin, "signature">;

/** The same for what means the same, whatever else a device or a later version adds. */
function canonical(terminalId: string, id: string, operation: string, origin: Unsigned): string {
  const { request = "", request_body = "", parameters, created_at, created_by, deadline } = origin;
  const { operator_id = "" } = parameters;
  return JSON.stringify([
    terminalId,
    id,
    operation,
    request,
    request_body,
    operator_id,
    created_at,
    created_by,
    deadline,
  ]);
}
