import { UpdateManifest, UpdateQuery } from "@tillkeeper/contract/http/device-updates";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import { fileAnswer, fileParts, fileType } from "./files.ts";
import { authenticateTransfer, type DeviceDeps, manifestFor, releaseFor } from "./manifest.ts";

const tag = "For terminals";
const update = "/v1/device/operations/:operation_id/update";
const Uuid = Type.String({ format: "uuid" });
const ofOperation = Type.Object({ operation_id: Uuid });
const FileQuery = Type.Object({ release_id: Uuid }, { additionalProperties: false });

/** What a terminal fetches while it carries out a check_update, with the token that came with the command. */
export function deviceUpdateRoutes(deps: DeviceDeps): Route[] {
  return [
    route({
      method: "GET",
      path: update,
      scopes: "public",
      id: "device_operations_update_get",
      summary: "For a terminal with a transfer token: its newest release and its configuration",
      tag,
      schemas: { params: ofOperation, query: UpdateQuery, responses: { 200: UpdateManifest } },
      handle: async ({ params, query, request }) => {
        const grant = await authenticateTransfer(deps, request.headers.authorization, params.operation_id);
        return { status: 200, body: await manifestFor(deps, grant, query) };
      },
    }),
    route({
      method: "GET",
      path: `${update}/file`,
      scopes: "public",
      id: "device_operations_update_file_get",
      summary: "For a terminal with a transfer token: the file of a release, or the part that Range asks for",
      tag,
      binary: fileType,
      schemas: { params: ofOperation, query: FileQuery, responses: fileParts },
      handle: async ({ params, query, request }) => {
        const grant = await authenticateTransfer(deps, request.headers.authorization, params.operation_id);
        const release = await releaseFor(deps, grant, query.release_id);
        return fileAnswer(deps.files, grant.accountId, release, request.headers);
      },
    }),
  ];
}
