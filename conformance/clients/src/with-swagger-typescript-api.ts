/** Closes a day with the client that swagger-typescript-api makes. Prints batch id and outcome. */
import { Api, OperationName } from "../generated/swagger-typescript-api.js";
import { account, audience, baseUrl, basic, pause, serialNumber, storeId } from "./given.js";

let token = "";
const { v1 } = new Api({
  baseUrl,
  securityWorker: () => (token ? { headers: { authorization: `Bearer ${token}` } } : {}),
});

const asked = await v1.getToken(
  account,
  { grant_type: "client_credentials", audience },
  { headers: { authorization: basic } },
);
token = asked.data.access_token;

const store = await v1.aidAccountManagementStoresPost(account, { store_id: storeId });
const terminal = await v1.aidAccountManagementTerminalsPost(account, {
  store_id: store.data.store_id,
  device_serial_number: serialNumber,
});
const sent = await v1.accountAdminTerminalsOperationsPost(
  account,
  { terminal_id: terminal.data.terminal_id, operation: OperationName.EndOfDay },
  { headers: { "Idempotency-Key": crypto.randomUUID() } },
);

for (;;) {
  const { data: operation } = await v1.accountAdminTerminalsOperationsIdGet(account, sent.data.id);
  if (operation.operation === "end_of_day" && operation.status === "COMPLETED" && operation.result) {
    console.log(JSON.stringify({ batch_id: operation.result.batch_id, outcome: operation.result.outcome }));
    break;
  }
  if (operation.status !== "PENDING") throw new Error(JSON.stringify(operation));
  await pause();
}
