/** Closes a day with the client that openapi-typescript and openapi-fetch make. Prints batch id and outcome. */
import createClient from "openapi-fetch";
import type { paths } from "../generated/schema.js";
import { account, audience, baseUrl, basic, pause, serialNumber, storeId } from "./given.js";

const api = createClient<paths>({ baseUrl });

const token = await api.POST("/v1/accounts/{oid}/auth/token", {
  params: { path: { oid: account } },
  headers: { authorization: basic },
  body: { grant_type: "client_credentials", audience },
});
if (!token.data) throw new Error(token.error.error.code);
api.use({
  onRequest: ({ request }) => request.headers.set("authorization", `Bearer ${token.data.access_token}`),
});

const store = await api.POST("/v1/accounts/{aid}/stores", {
  params: { path: { aid: account } },
  body: { store_id: storeId },
});
if (!store.data) throw new Error(store.error.error.code);
const terminal = await api.POST("/v1/accounts/{aid}/terminals", {
  params: { path: { aid: account } },
  body: { store_id: store.data.store_id, device_serial_number: serialNumber },
});
if (!terminal.data) throw new Error(terminal.error.error.code);
const { terminal_id } = terminal.data;

const sent = await api.POST("/v1/accounts/{aid}/payments/admin/terminals/operations", {
  params: { path: { aid: account }, header: { "Idempotency-Key": crypto.randomUUID() } },
  body: { terminal_id, operation: "end_of_day" },
});
if (!sent.data) throw new Error(sent.error.error.code);

for (;;) {
  // All parameters are optional, `limit` too.
  const { data } = await api.GET("/v1/accounts/{aid}/payments/admin/terminals/operations", {
    params: { path: { aid: account }, query: { operation_id: sent.data.id } },
  });
  const [operation] = data ?? [];
  if (operation?.operation === "end_of_day" && operation.status === "COMPLETED" && operation.result) {
    // Only an end_of_day has a batch: `operation` tells the results apart.
    console.log(JSON.stringify({ batch_id: operation.result.batch_id, outcome: operation.result.outcome }));
    break;
  }
  if (operation?.status !== "PENDING") throw new Error(JSON.stringify(operation));
  await pause();
}
