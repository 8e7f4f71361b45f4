import { deviceEndpoints as devices } from "@tillkeeper/contract/http/device-endpoints";
import { bind, type Route } from "../../platform/http/route.ts";
import { fileAnswer } from "./files.ts";
import { authenticateTransfer, type DeviceDeps, manifestFor, releaseFor } from "./manifest.ts";

/** What a terminal fetches while it carries out a check_update, with the token that came with the command. */
export function deviceUpdateRoutes(deps: DeviceDeps): Route[] {
  return [
    bind(devices.getUpdate, async ({ params, query, request }) => {
      const grant = await authenticateTransfer(deps, request.headers.authorization, params.operation_id);
      return manifestFor(deps, grant, query);
    }),
    bind(devices.getUpdateFile, async ({ params, query, request }) => {
      const grant = await authenticateTransfer(deps, request.headers.authorization, params.operation_id);
      const release = await releaseFor(deps, grant, query.release_id);
      return fileAnswer(deps.files, grant.accountId, release, request.headers);
    }),
  ];
}
