// VerneMQ asks here (vmq_webhooks), and Tillkeeper is asked in its own words. Node 20 or later, and nothing else.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";

const { TILLKEEPER_URL = "http://127.0.0.1:8080", TILLKEEPER_BROKER_SECRET = "", PORT = "8081" } = process.env;
const headers = { "content-type": "application/json", authorization: `Bearer ${TILLKEEPER_BROKER_SECRET}` };

async function allows(route, question) {
  const request = { method: "POST", headers, body: JSON.stringify(question) };
  const response = await fetch(`${TILLKEEPER_URL}/v1/broker/${route}`, request);
  return response.ok && (await response.json()).result === "allow";
}

const hooks = {
  auth_on_register: ({ username, password, client_id }) => allows("auth", { username, password, clientid: client_id }),
  auth_on_publish: ({ username, topic }) => allows("acl", { username, topic, action: "publish" }),
  auth_on_subscribe: async ({ username, topics }) => {
    const asked = topics.map(({ topic }) => allows("acl", { username, topic, action: "subscribe" }));
    return (await Promise.all(asked)).every(Boolean);
  },
};

async function answer(request) {
  // The hooks of MQTT 5 ask the same, and have `_m5` behind their names.
  const hook = hooks[`${request.headers["vernemq-hook"]}`.replace(/_m5$/, "")];
  return hook !== undefined && (await hook(await json(request)));
}

async function respond(request, response) {
  const allowed = await answer(request).catch(() => false);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ result: allowed ? "ok" : { error: "not_allowed" } }));
}

createServer((request, response) => void respond(request, response)).listen(Number(PORT), "127.0.0.1", function () {
  process.stdout.write(`listening on ${this.address().port}\n`);
});
