/**
 * Closes a day with the client that openapi-zod-client makes, which holds every request and every answer against the
 * document while it runs. Prints batch id and outcome.
 */
import { createApiClient } from "../generated/zod-client.js";
import { account, audience, baseUrl, basic, pause, serialNumber, storeId } from "./given.js";

const api = createApiClient(baseUrl);
const params = { aid: account };

const token = await api.post(
  "/v1/accounts/:oid/auth/token",
  { grant_type: "client_credentials", audience },
  { params: { oid: account }, headers: { authorization: basic } },
);
const headers = { authorization: `Bearer ${token.access_token}` };

const store = await api.post("/v1/accounts/:aid/stores", { store_id: storeId }, { params, headers });
const { terminal_id } = await api.post(
  "/v1/accounts/:aid/terminals",
  { store_id: store.store_id, device_serial_number: serialNumber },
  { params, headers },
);
const sent = await api.post(
  "/v1/accounts/:aid/payments/admin/terminals/operations",
  { terminal_id, operation: "end_of_day" },
  { params, headers: { ...headers, "Idempotency-Key": crypto.randomUUID() } },
);

for (;;) {
  const operation = await api.get("/v1/accounts/:aid/payments/admin/terminals/operations/:operation_id", {
    params: { ...params, operation_id: sent.id },
    headers,
  });
  if (operation.operation === "end_of_day" && operation.status === "COMPLETED" && operation.result) {
    console.log(JSON.stringify({ batch_id: operation.result.batch_id, outcome: operation.result.outcome }));
    break;
  }
  if (operation.status !== "PENDING") throw new Error(JSON.stringify(operation));
  await pause();
}
