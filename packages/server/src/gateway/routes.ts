import { deviceEndpoints as devices } from "@tillkeeper/contract/http/device-endpoints";
import { type DeviceResultsAnswer } from "@tillkeeper/contract/http/devices";
import { limits } from "@tillkeeper/contract/limits";
import type { ReceiptMessage, ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { VerifyHandingIn } from "../enrolment/pairing/handing-in.ts";
import type { Reports } from "../operations/reports/reports.ts";
import { ApiError } from "../platform/errors.ts";
import { bind, type Route } from "../platform/http/route.ts";
import type { Device } from "../terminals/record/devices.ts";
import type { Refused } from "./reading/message.ts";
import type { ReadResult } from "./reading/result.ts";
import { bytesOf, messageSplitter } from "./reading/split-messages.ts";

interface HandingInDeps {
  reports: Pick<Reports, "finished" | "unreadable">;
  readResult: ReadResult;
  verify: VerifyHandingIn;
}

/**
 * Lets a replaced device hand in the rest of its log, with a proof by its key (docs/adr/0026): nothing else is open to
 * it.
 */
export function handingInRoutes(deps: HandingInDeps): Route[] {
  return [
    bind(
      devices.handInResults,
      async ({ body, request }) => {
        const device = await deps.verify({ address: request.ip, reached: request.socket }, body);
        return takeAll(deps, device, body.results);
      },
      {
        bodyValues: limits.mqttMessageValues,
        // As messages: the log goes on behind a result that cannot be read.
        parseBody: messageSplitter({
          list: "results",
          messages: limits.longPollMessages,
          values: limits.mqttMessageValues,
          bytes: limits.mqttPacketBytes,
        }),
      },
    ),
  ];
}

/** Takes the results in order. An unreadable result counts in the log too, as it does over MQTT. */
async function takeAll(deps: HandingInDeps, device: Device, results: unknown[]): Promise<DeviceResultsAnswer> {
  const receipts: ReceiptMessage[] = [];
  for (const [index, result] of results.entries()) {
    const read = await deps.readResult(device, bytesOf(result));
    receipts.push(read.places ? await pass(deps, device, index, read) : await take(deps, device, index, read.message));
  }
  return { receipts, memory: receipts.at(-1)?.memory ?? { number: 0 } };
}

async function take({ reports }: HandingInDeps, device: Device, index: number, message: ResultMessage) {
  const receipt = await reports.finished(device, message);
  if (!receipt) throw notUnderstood(index, [{ path: "", message: "is of an address that is not known here" }]);
  return "ofAnother" in receipt ? { operation_id: message.operation_id, memory: receipt.memory } : receipt;
}

async function pass({ reports }: HandingInDeps, device: Device, index: number, { places, unreadable }: Refused) {
  const memory = unreadable && (await reports.unreadable(device, unreadable));
  // Without a place in the log there is nothing to go on behind.
  if (!memory || !unreadable?.entry) throw notUnderstood(index, places);
  return { operation_id: unreadable.id, memory };
}

function notUnderstood(index: number, places: { path: string; message: string }[]): ApiError {
  return new ApiError("invalid_request", "The request is not valid; see `errors`. The results before it are stored.", {
    errors: places.map(({ path, message }) => ({ path: `/body/results/${index}${path}`, message })),
  });
}
