import { Type } from "typebox";
import { deviceProofs } from "../pairing.ts";
import { Uuid } from "../scalars.ts";
import { DeviceMessagesAnswer, DeviceMessagesRequest } from "./device-messages.ts";
import { UpdateManifest, UpdateQuery } from "./device-updates.ts";
import {
  DeviceNonce,
  DeviceResultsAnswer,
  DeviceResultsRequest,
  DeviceToken,
  DeviceTokenRequest,
  PairRequest,
} from "./devices.ts";
import { endpoint } from "./endpoint.ts";
import { fileAnswers, fileHeaders, fileType, RangeHeaders } from "./files.ts";
import { gzipType, LogReceived, textType } from "./logs.ts";

const tag = "Devices";
const operation = "/v1/device/operations/:operation_id";
const update = `${operation}/update` as const;
const ofOperation = Type.Object({ operation_id: Uuid });
const FileQuery = Type.Object({ release_id: Uuid }, { additionalProperties: false });

const DigestHeader = Type.Object({
  "Content-Digest": Type.String({
    description: "The SHA-256 of the body (RFC 9530): `sha-256=:<base64 of 32 bytes>:`.",
  }),
});

/** What the agent on a device calls: with a token of its own, or with a proof in the body. */
export const deviceEndpoints = {
  exchangeMessages: endpoint({
    method: "POST",
    path: "/v1/device/messages",
    scopes: "public",
    credentials: ["device", "device_password"],
    id: "device_messages_post",
    summary: "Exchange messages of the device protocol over HTTPS, where MQTT does not get through",
    tag,
    body: DeviceMessagesRequest,
    answers: { 200: DeviceMessagesAnswer },
    outsideSdk: "for devices",
    errors: ["missing_token", "invalid_token", "session_replaced"],
  }),
  handInResults: endpoint({
    method: "POST",
    path: deviceProofs.results.path,
    scopes: "public",
    id: "device_results_post",
    summary: "Hand in results, also of a device that was replaced",
    tag,
    body: DeviceResultsRequest,
    answers: { 200: DeviceResultsAnswer },
    limited: "devices per address",
    outsideSdk: "for devices",
    errors: ["invalid_proof"],
  }),
  getUpdate: endpoint({
    method: "GET",
    path: update,
    scopes: "public",
    credentials: ["transfer"],
    id: "device_operations_update_get",
    summary: "For a terminal with a transfer token: its newest release and its configuration",
    tag: "For terminals",
    params: ofOperation,
    query: UpdateQuery,
    answers: { 200: UpdateManifest },
    outsideSdk: "for devices",
    errors: ["missing_token", "invalid_token", "operation_not_found"],
  }),
  getUpdateFile: endpoint({
    method: "GET",
    path: `${update}/file`,
    scopes: "public",
    credentials: ["transfer"],
    id: "device_operations_update_file_get",
    summary: "For a terminal with a transfer token: the file of a release, or the part that Range asks for",
    tag: "For terminals",
    params: ofOperation,
    query: FileQuery,
    answers: fileAnswers,
    binary: fileType,
    outsideSdk: "for devices",
    errors: [
      "missing_token",
      "invalid_token",
      "operation_not_found",
      "release_not_found",
      "release_file_not_found",
      "range_not_satisfiable",
    ],
    requestHeaders: RangeHeaders,
    headers: fileHeaders,
  }),
  sendLog: endpoint({
    method: "PUT",
    path: `${operation}/logs`,
    scopes: "public",
    credentials: ["transfer"],
    id: "device_operations_operation_id_logs_put",
    summary: "Send the log that a send_logs command asks for, with the token of that command",
    tag,
    params: ofOperation,
    answers: { 201: LogReceived },
    upload: [gzipType, textType],
    encodings: ["gzip"],
    requestHeaders: DigestHeader,
    outsideSdk: "for devices",
    errors: [
      "missing_token",
      "invalid_token",
      "operation_not_found",
      "log_exists",
      "upload_replaced",
      "log_too_large",
      "invalid_digest",
      "invalid_log",
      "storage_full",
    ],
  }),
  getNonce: endpoint({
    method: "POST",
    path: "/v1/device/nonce",
    scopes: "public",
    id: "device_nonce_post",
    summary: "Get a nonce for a proof",
    tag,
    answers: { 200: DeviceNonce },
    limited: "devices per address",
    outsideSdk: "for devices",
  }),
  pair: endpoint({
    method: "POST",
    path: deviceProofs.pairing.path,
    scopes: "public",
    id: "device_pair_post",
    summary: "Pair a device by a code that is used once",
    tag,
    body: PairRequest,
    answers: { 200: DeviceToken },
    limited: "devices per address",
    outsideSdk: "for devices",
    errors: ["pairing_refused", "invalid_proof"],
  }),
  renewToken: endpoint({
    method: "POST",
    path: deviceProofs.renewal.path,
    scopes: "public",
    id: "device_token_post",
    summary: "Get a paired device's next token",
    tag,
    body: DeviceTokenRequest,
    answers: { 200: DeviceToken },
    limited: "devices per address",
    outsideSdk: "for devices",
    errors: ["invalid_proof"],
  }),
};
