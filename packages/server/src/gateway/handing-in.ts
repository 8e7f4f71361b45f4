import {
  DeviceResultsAnswer as Answer,
  type DeviceResultsAnswer,
  DeviceResultsRequest,
} from "@tillkeeper/contract/http/devices";
import { limits } from "@tillkeeper/contract/limits";
import type { ReceiptMessage } from "@tillkeeper/contract/mqtt";
import { deviceProofs } from "@tillkeeper/contract/pairing";
import type { Reports } from "../operations/reports.ts";
import { ApiError } from "../platform/errors.ts";
import { type Route, route } from "../platform/http/route.ts";
import type { Device } from "../terminals/devices.ts";
import type { VerifyHandingIn } from "../terminals/pairing/handing-in.ts";
import type { ReadResult } from "./read-result.ts";

interface HandingInDeps {
  reports: Pick<Reports, "finished">;
  readResult: ReadResult;
  verify: VerifyHandingIn;
}

/** What a device still may do that was replaced: hand in the rest of its log, with a proof by its key (docs/adr/0026). */
export function handingInRoutes(deps: HandingInDeps): Route[] {
  return [
    route({
      method: "POST",
      scopes: "public",
      limited: "devices per address",
      tag: "Devices",
      path: deviceProofs.results.path,
      id: "device_results_post",
      summary: "Hand in results, also of a device that was replaced",
      bodyValues: limits.mqttMessageValues,
      schemas: { body: DeviceResultsRequest, responses: { 200: Answer } },
      handle: async ({ body, request }) => {
        const device = await deps.verify(request.socket, body);
        return {
          status: 200,
          body: await takeAll(deps, device, body.results),
          headers: { "cache-control": "no-store" },
        };
      },
    }),
  ];
}

/** In order, as far as they are understood. */
async function takeAll(deps: HandingInDeps, device: Device, results: unknown[]): Promise<DeviceResultsAnswer> {
  const receipts: ReceiptMessage[] = [];
  for (const [index, result] of results.entries()) {
    const read = await deps.readResult(device, Buffer.from(JSON.stringify(result)));
    if (read.places) throw notUnderstood(index, read.places);
    const receipt = await deps.reports.finished(device, read.message);
    if (receipt === undefined || "ofAnother" in receipt) {
      throw notUnderstood(index, [{ path: "/operation", message: "is not that of the command" }]);
    }
    receipts.push(receipt);
  }
  return { receipts, memory: receipts.at(-1)?.memory ?? { number: 0 } };
}

function notUnderstood(index: number, places: { path: string; message: string }[]): ApiError {
  return new ApiError("invalid_request", "The request is not valid; see `errors`. The results before it are stored.", {
    errors: places.map(({ path, message }) => ({ path: `/body/results/${index}${path}`, message })),
  });
}
