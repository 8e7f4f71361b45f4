import { basic } from "@tillkeeper/stage/accounts/tokens";
import { connectMqtt } from "@tillkeeper/stage/devices/device";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { testRootKey } from "@tillkeeper/stage/postgres/database";
import { world } from "@tillkeeper/stage/world";
import type { MqttClient } from "mqtt";
import { describe, expect, it } from "vitest";
import { openSigningKeys } from "../src/access/auth/keys/signing-keys.ts";
import { deviceTokens } from "../src/access/auth/tokens/device-tokens.ts";
import { renewToken } from "../src/enrolment/pairing/tokens.ts";
import { authenticateDevice } from "../src/terminals/credentials/authenticate.ts";
import { liveCredentials } from "../src/terminals/credentials/find-live.ts";

const aid = "T62000001";
const path = `/v1/accounts/${aid}/terminals`;

/** Resolves when the server has ended the connection. */
function ended(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once("close", () => resolve()));
}

describe("device tokens, on two servers with one database", async () => {
  const {
    server: here,
    other: there,
    tenant,
  } = await world({
    own: { config: { deviceTokenSeconds: 120 } },
    other: { config: { deviceTokenSeconds: 120 } },
    aid,
  });
  const pass = (seconds: number) => {
    for (const server of [here, there]) server.clock.advance(seconds * 1000);
  };
  const paired = async (serial: string) => {
    const { terminal_id: id, pairing } = await registerForPairing(here, tenant, serial);
    const device = await PairingDevice.make(serial);
    const { body } = await device.pair(here, pairing.code);
    return { id, device, address: body.address as string, token: body.token as string };
  };
  const connected = async (address: string, token: string) => {
    const clients = [await connectMqtt(here, address, token), await connectMqtt(there, address, token)];
    return { clients, gone: Promise.all(clients.map(ended)) };
  };
  const newCode = async (id: string) =>
    (await here.call("POST", `${path}/${id}/pairing-codes`, { ...tenant, body: {} })).body.code;

  it("open every server, until they run out; whoever is connected stays", async () => {
    const { id, device, address, token } = await paired("LIFETIME");
    const { clients } = await connected(address, token);
    pass(110);
    await (await connectMqtt(there, address, token, `${address}:late`)).endAsync(true);
    pass(10);
    for (const server of [here, there])
      await expect(connectMqtt(server, address, token, `${address}:b`)).rejects.toThrow();
    const fresh = await device.renew(there, id);
    expect(fresh).toMatchObject({ status: 200, body: { expires_in: 120, address } });
    await (await connectMqtt(here, address, fresh.body.token, `${address}:b`)).endAsync(true);
    expect(clients.map((client) => client.connected)).toEqual([true, true]);
    for (const client of clients) await client.endAsync(true);
  });

  it.each([
    ["deleted", async (id: string) => here.call("DELETE", `${path}/${id}`, tenant)],
    ["given a password", async (id: string) => here.call("POST", `${path}/${id}/credentials`, tenant)],
    ["paired again", async (id: string) => (await PairingDevice.make("ENDING-paired")).pair(here, await newCode(id))],
    [
      "put on other hardware",
      async (id: string) =>
        here.call("POST", `${path}/${id}/device`, { ...tenant, body: { device_serial_number: "ENDING-OTHER" } }),
    ],
  ])("end everywhere when the terminal is %s, as do their connections", async (name, end) => {
    const { id, device, address, token } = await paired(`ENDING-${name.split(" ")[0]}`);
    const { gone } = await connected(address, token);
    expect((await end(id)).status).toBeLessThan(300);
    await gone;
    for (const server of [here, there]) {
      await expect(connectMqtt(server, address, token)).rejects.toThrow();
      expect(await device.renew(server, id)).toMatchObject({
        status: 401,
        body: { error: { code: "invalid_proof" } },
      });
    }
  });

  it("are renewed by serial number, too: by a device whose answer to pairing got lost", async () => {
    const { id, device } = await paired("LOST-ANSWER");
    const { nonce } = (await here.call("POST", "/v1/device/nonce")).body;
    const proof = await device.sign(there, "renewal", { nonce, sub: "LOST-ANSWER" });
    const by = (body: object) => there.call("POST", "/v1/device/token", { body: { proof, ...body } });
    expect(await by({ device_serial_number: "LOST-ANSWER" })).toMatchObject({ status: 200, body: { terminal_id: id } });
    for (const body of [{}, { device_serial_number: "LOST-ANSWER", terminal_id: id }])
      expect(await by(body)).toMatchObject({ status: 400, body: { error: { errors: [{ path: "/body" }] } } });
  });

  it("take the same steps to be refused, whether the terminal is known or not", async () => {
    await registerForPairing(here, tenant, "STEPS-KNOWN");
    const device = await PairingDevice.make("STEPS");
    const keys = await openSigningKeys(here.db, here.clock, testRootKey());
    const find = liveCredentials(here.db);
    const peer = { reached: {}, address: "127.0.0.1", requestId: "steps" };
    const stepsFor = async (named: object) => {
      const steps: string[] = [];
      const [sub] = Object.values(named);
      const deps = {
        db: here.db,
        clock: here.clock,
        deviceTokens: deviceTokens({ keys, clock: here.clock, lifetimeSeconds: 120 }),
        findLiveCredential: (...of: Parameters<typeof find>) => {
          steps.push("credential");
          return find(...of);
        },
        mqttUrl: () => here.mqttUrl,
        ownUrl: () => here.url,
        isOwnAddress: () => true,
        renewals: { take: () => 0 },
        admit: () => Promise.reject(new Error("nobody is to be let in")),
        withdraw: async () => {},
        addressAhead: async () => {},
      };
      const proof = await device.sign(here, "renewal", { nonce: await newNonce(here), sub });
      await expect(renewToken(deps, peer, { ...named, proof })).rejects.toMatchObject({ code: "invalid_proof" });
      return steps;
    };
    for (const serial of ["STEPS-KNOWN", "STEPS-UNKNOWN"])
      expect(await stepsFor({ device_serial_number: serial }), serial).toEqual(["credential"]);
    for (const id of [`${aid}-T0001`, `${aid}-T9999`, "no-terminal"])
      expect(await stepsFor({ terminal_id: id }), id).toEqual(["credential"]);
  });

  it("say who sent an HTTPS request, as a password does", async () => {
    const { id, address, token } = await paired("HTTPS");
    const other = await registerForPairing(here, tenant, "HTTPS-PASSWORD");
    const issued = await here.call("POST", `${path}/${other.terminal_id}/credentials`, tenant);
    const keys = await openSigningKeys(here.db, here.clock, testRootKey());
    const deps = {
      findLiveCredential: liveCredentials(here.db),
      deviceTokens: deviceTokens({ keys, clock: here.clock, lifetimeSeconds: 120 }),
      addressAhead: async () => {},
    };
    const terminalOf = async (header?: string) => (await authenticateDevice(deps, header)).terminalId;
    expect(await terminalOf(`Bearer ${token}`)).toBe(id);
    expect(await terminalOf(basic(address, token))).toBe(id);
    expect(await terminalOf(basic(issued.body.address, issued.body.password))).toBe(other.terminal_id);
    const refused = [
      undefined,
      "",
      "Bearer x",
      `Bearer ${tenant.token}`,
      `Bearer ${token.slice(0, -4)}AAAA`,
      `Bearer ${token}, Bearer ${token}`,
      basic(issued.body.address, token),
      basic(address, issued.body.password),
      basic(address, ""),
      basic(id, token),
      basic(other.terminal_id, issued.body.password),
      basic("", token),
      "Basic ====",
      "Negotiate x",
    ];
    for (const header of refused) await expect(authenticateDevice(deps, header), header).rejects.toThrow(/token/);
    // Neither kind of token passes for the other.
    expect((await here.call("GET", path, { token })).body.error.code).toBe("invalid_token");
  });
});
