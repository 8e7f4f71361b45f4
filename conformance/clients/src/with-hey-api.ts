/** Closes a day with the client that @hey-api/openapi-ts generates. Prints batch id and outcome. */
import { client } from "../generated/hey-api/client.gen.js";
import {
  accountAdminTerminalsOperationsIdGet,
  accountAdminTerminalsOperationsPost,
  aidAccountManagementStoresPost,
  aidAccountManagementTerminalsPost,
  getToken,
} from "../generated/hey-api/sdk.gen.js";
import { account, audience, baseUrl, basic, pause, serialNumber, storeId } from "./given.js";

client.setConfig({ baseUrl, throwOnError: true });
const path = { aid: account };

const token = await getToken({
  path: { oid: account },
  headers: { authorization: basic },
  body: { grant_type: "client_credentials", audience },
  throwOnError: true,
});
client.setConfig({ auth: () => token.data.access_token });

const store = await aidAccountManagementStoresPost({ path, body: { store_id: storeId }, throwOnError: true });
const terminal = await aidAccountManagementTerminalsPost({
  path,
  body: { store_id: store.data.store_id, device_serial_number: serialNumber },
  throwOnError: true,
});
const sent = await accountAdminTerminalsOperationsPost({
  path,
  headers: { "Idempotency-Key": crypto.randomUUID() },
  body: { terminal_id: terminal.data.terminal_id, operation: "end_of_day" },
  throwOnError: true,
});

for (;;) {
  const { data: operation } = await accountAdminTerminalsOperationsIdGet({
    path: { ...path, operation_id: sent.data.id },
    throwOnError: true,
  });
  if (operation.operation === "end_of_day" && operation.status === "COMPLETED" && operation.result) {
    console.log(JSON.stringify({ batch_id: operation.result.batch_id, outcome: operation.result.outcome }));
    break;
  }
  if (operation.status !== "PENDING") throw new Error(JSON.stringify(operation));
  await pause();
}
