import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const secret = "a-broker-secret-of-the-tests-0000000000";

/** Requests that brokers send, by plain HTTP: RabbitMQ in forms, the others in JSON. */
describe("brokers that ask", async () => {
  const mqtt = { port: { number: 0, configured: true }, outsideUrl: undefined, brokerSecret: secret };
  const { server, tenant } = await world({ own: { config: { mqtt } } });
  /** A former address of the terminal. */
  const another = `${tenant.aid}-T0001-D1`;
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  const terminals = `/v1/accounts/${tenant.aid}/terminals`;
  const wanted = { device_serial_number: "630000000001", store_id: "S312" };
  const { terminal_id } = (await server.call("POST", terminals, { ...tenant, body: wanted })).body;
  const credential = (await server.call("POST", `${terminals}/${terminal_id}/credentials`, tenant)).body;

  async function rabbit(what: string, form: Record<string, string> | string, by = secret) {
    const url = `${server.url}/v1/broker/${by}/rabbitmq/${what}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams(form).toString() });
    return { status: answer.status, text: await answer.text(), type: answer.headers.get("content-type") };
  }
  const says = async (what: string, form: Record<string, string>) => (await rabbit(what, form)).text;
  const ask = (path: string, body: unknown, by = secret) =>
    server.call("POST", `/v1/broker/${path}`, { headers: { authorization: `Bearer ${by}` }, body });

  it("learn whether a credential holds, with the device's address as client id alone", async () => {
    const { username, password } = credential;
    const right = { username, password, client_id: username, vhost: "/" };
    expect(await rabbit("user", right)).toEqual({ status: 200, text: "allow", type: "text/plain; charset=utf-8" });
    const wrong: Record<string, string>[] = [
      { ...right, password: "wrong" },
      { ...right, password: "" },
      { ...right, client_id: `${username}:2` },
      { ...right, client_id: another },
      { ...right, username: another, client_id: another },
      { ...right, username: credential.terminal_id, client_id: credential.terminal_id },
      { ...right, username: "guest", client_id: "guest" },
      { ...right, username: `${username}\0`, client_id: `${username}\0` },
      // The form of a request for AMQP.
      { username, password, vhost: "/" },
      { username, client_id: username },
    ];
    for (const form of wrong) expect((await rabbit("user", form)).text, JSON.stringify(form)).not.toBe("allow");
    const login = { username, password, clientid: username };
    expect((await ask("auth", login)).body).toEqual({ result: "allow", is_superuser: false });
    expect((await ask("auth", { ...login, clientid: "x" })).body.result).toBe("deny");
    expect((await ask("auth", { ...login, password: "x" })).body.result).toBe("deny");
  });

  it("learn which queues and exchanges a device may use: its own, and the one for all topics", async () => {
    const { username } = credential;
    const queue = (name: string, permission = "configure") => ({
      username,
      vhost: "/",
      resource: "queue",
      name,
      permission,
    });
    const exchange = (name: string, permission: string) => ({ ...queue(name, permission), resource: "exchange" });
    for (const end of ["qos0", "qos1"]) {
      expect(await says("resource", queue(`mqtt-subscription-${username}${end}`))).toBe("allow");
      expect(await says("resource", queue(`mqtt-subscription-${another}${end}`, "read"))).toBe("deny");
    }
    for (const permission of ["read", "write"])
      expect(await says("resource", exchange("amq.topic", permission))).toBe("allow");
    expect(await says("resource", exchange("amq.topic", "configure"))).toBe("deny");
    expect(await says("resource", exchange("amq.direct", "write"))).toBe("deny");
    expect(await says("resource", { ...queue("x"), username: "guest" })).toBe("deny");
    expect(await says("vhost", { username, vhost: "/" })).toBe("allow");
    for (const name of ["guest", credential.terminal_id])
      expect(await says("vhost", { username: name, vhost: "/" })).toBe("deny");
  });

  const uses: [action: "publish" | "subscribe", topic: (address: string) => string, verdict: string][] = [
    ["publish", (address) => `tillkeeper/v1/${address}/hello`, "allow"],
    ["publish", (address) => `tillkeeper/v1/${address}/gone`, "allow"],
    ["publish", (address) => `tillkeeper/v1/${address}/command`, "deny"],
    ["publish", () => `tillkeeper/v1/${another}/hello`, "deny"],
    ["publish", (address) => `tillkeeper/v1/${address}/hello/x`, "deny"],
    ["publish", () => "", "deny"],
    ["subscribe", (address) => `tillkeeper/v1/${address}/command`, "allow"],
    ["subscribe", (address) => `tillkeeper/v1/${address}/+`, "allow"],
    ["subscribe", (address) => `tillkeeper/v1/${address}/#`, "allow"],
    ["subscribe", (address) => `tillkeeper/v1/${address}/hello`, "deny"],
    ["subscribe", () => "tillkeeper/v1/+/command", "deny"],
    ["subscribe", () => "#", "deny"],
    ["subscribe", (address) => `$share/x/tillkeeper/v1/${address}/command`, "deny"],
  ];
  it.each(uses)("learn that a device's %s of %s is judged: %s", async (action, topicOf, verdict) => {
    const { username } = credential;
    const topic = topicOf(username);
    expect((await ask("acl", { username, topic, action })).body).toEqual({ result: verdict });
    const routing_key = topic.replaceAll("/", ".").replaceAll("+", "*");
    const permission = action === "publish" ? "write" : "read";
    const form = { username, vhost: "/", resource: "topic", name: "amq.topic", permission, routing_key };
    expect(await says("topic", form)).toBe(verdict);
  });

  it("get nothing without the secret, and a clear answer to what they cannot mean", async () => {
    const login = { username: "x", password: "x", clientid: "x" };
    for (const by of ["wrong", `${secret}x`, "a".repeat(5_000)]) {
      expect((await ask("auth", login, by)).status, by.slice(0, 40)).toBe(404);
    }
    expect((await server.call("POST", "/v1/broker/auth", { body: login })).status).toBe(404);
    expect((await rabbit("user", login, "x".repeat(32))).status).toBe(404);
    const missing = await ask("auth", { username: "x" });
    expect(missing.body.error).toMatchObject({ code: "invalid_request", errors: [{ path: "/body/clientid" }] });
    expect((await ask("acl", { username: "x", topic: "x", action: "steal" })).status).toBe(400);
    expect((await rabbit("user", "username=a&username=b")).status).toBe(400);
    expect((await rabbit("topic", "%zz=&username=%ff%00")).status).toBe(400);
  });

  it("do not reach a server that knows no secret", async () => {
    const plain = await startTestServer();
    const answer = await plain.call("POST", "/v1/broker/auth", {
      headers: { authorization: `Bearer ${secret}` },
      body: { username: "x", clientid: "x" },
    });
    expect(answer.status).toBe(404);
    await plain.stop();
  });
});
