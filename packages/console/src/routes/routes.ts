import { accountRoute } from "./account/route.ts";
import { apiClientRoute } from "./api-client/route.ts";
import { apiClientsRoute } from "./api-clients/route.ts";
import { auditRoute } from "./audit/route.ts";
import { authorizeRoute } from "./authorize/route.ts";
import { detailsRoute } from "./details/route.ts";
import { fleetRoute } from "./fleet/route.ts";
import { operationListRoute } from "./operation-list/route.ts";
import { operationsRoute } from "./operations/route.ts";
import { peopleRoute } from "./people/route.ts";
import { personRoute } from "./person/route.ts";
import { reportRoute } from "./report/route.ts";
import { reportsRoute } from "./reports/route.ts";
import { rootRoute } from "./root.tsx";
import { linkRoute, signInRoute } from "./sign-in/route.ts";
import { startRoute } from "./start/route.ts";
import { storeRoute } from "./store/route.ts";
import { storesRoute } from "./stores/route.ts";
import { terminalRoute } from "./terminal/route.ts";
import { terminalsRoute } from "./terminals/route.ts";
import { todayRoute } from "./today/route.ts";
import { webhookRoute } from "./webhook/route.ts";
import { webhooksRoute } from "./webhooks/route.ts";
import { youRoute } from "./you/route.ts";

/** All addresses of the console. */
export const routeTree = rootRoute.addChildren([
  startRoute,
  signInRoute,
  linkRoute,
  authorizeRoute,
  accountRoute.addChildren([
    storesRoute,
    youRoute,
    operationsRoute.addChildren([
      fleetRoute,
      terminalRoute,
      operationListRoute,
      peopleRoute,
      personRoute,
      apiClientsRoute,
      apiClientRoute,
      webhooksRoute,
      webhookRoute,
      auditRoute,
    ]),
    storeRoute.addChildren([todayRoute, reportsRoute, reportRoute, terminalsRoute, detailsRoute]),
  ]),
]);
