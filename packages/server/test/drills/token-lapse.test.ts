import { connectMqtt } from "@tillkeeper/stage/devices/device";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import type { MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { register } from "../support/presence.ts";

const lifetime = 600;
const config = { deviceTokenSeconds: lifetime, tokenLifetimeSeconds: 604_800 };
/** `pairingLimits.tokenGraceSeconds`, and a second for the check. */
const grace = 121;

/** docs/adr/0014-pairing-and-device-tokens.md, on two servers with a broker of their own each. */
describe("a device token that nobody renews", async () => {
  const { server: here, other: there, tenant } = await world({ own: { config }, other: { config } });
  const pass = (seconds: number) => {
    for (const server of [here, there]) server.clock.advance(seconds * 1000);
  };
  const paired = async (serial: string) => {
    const { terminal_id: id, pairing } = await registerForPairing(here, tenant, serial);
    const device = await PairingDevice.make(serial);
    const { address, token } = (await device.pair(here, pairing.code)).body;
    return { id, device, address: address as string, token: token as string };
  };
  const connect = async (...entry: Parameters<typeof connectMqtt>) => {
    const client = await connectMqtt(...entry);
    onTestFinished(() => client.endAsync(true));
    return client;
  };
  const ends = (client: MqttClient) => vi.waitUntil(() => !client.connected, { interval: 10 });
  const credentialOf = (id: string) =>
    here.db.sql
      .selectFrom("terminal_credentials")
      .select(["lapsed_at", "lapse_due_at", "token_lapses"])
      .where("terminal_id", "=", id)
      .executeTakeFirstOrThrow();

  it("ends every connection that stands by it, and no other; the next token opens anew", async () => {
    const silent = await paired("LAPSE-SILENT");
    const alive = await paired("LAPSE-ALIVE");
    const byPassword = await register(here, tenant, "LAPSE-PASSWORD");
    const over = [
      await connect(here, silent.address, silent.token),
      await connect(there, silent.address, silent.token),
    ];
    const staying = [
      await connect(there, alive.address, alive.token),
      await connect(here, byPassword.address, byPassword.password),
    ];
    pass(lifetime - 60);
    expect((await alive.device.renew(there, alive.id)).status).toBe(200);
    // The token has expired, and may still be renewed.
    pass(60 + 60);
    expect((await credentialOf(silent.id)).lapsed_at).toBeNull();
    expect(over.map((client) => client.connected)).toEqual([true, true]);
    await expect(connectMqtt(here, silent.address, silent.token, `${silent.address}:b`)).rejects.toThrow();
    pass(grace - 60);
    await Promise.all(over.map(ends));
    expect(staying.map((client) => client.connected)).toEqual([true, true]);
    expect(await credentialOf(silent.id)).toMatchObject({ lapsed_at: expect.any(Date), token_lapses: 0 });
    expect(await credentialOf(alive.id)).toMatchObject({ lapsed_at: null });
    await vi.waitUntil(async () => (await credentialOf(silent.id)).lapse_due_at === null);

    const { token } = (await silent.device.renew(here, silent.id)).body;
    expect(await credentialOf(silent.id)).toMatchObject({ lapsed_at: null, token_lapses: 1 });
    const back = await connect(there, silent.address, token);
    await connectionChecks();
    expect(back.connected).toBe(true);
  });

  /** Resolves after both servers have checked their connections, so that an expired one has been closed by then. */
  async function connectionChecks(): Promise<void> {
    const watched = await paired(`LAPSE-CHECK-${performance.now().toFixed(0)}`);
    const clients = [
      await connect(here, watched.address, watched.token),
      await connect(there, watched.address, watched.token),
    ];
    await here.db.sql
      .updateTable("terminal_credentials")
      .set({ lapsed_at: here.clock.now() })
      .where("terminal_id", "=", watched.id)
      .execute();
    await Promise.all(clients.map(ends));
  }

  it("ends what stands beside the terminal's own connection, also where another one is renewed", async () => {
    const { id, device, address, token } = await paired("LAPSE-BESIDE");
    const own = await connect(here, address, token);
    const beside = await connect(here, address, token, `${address}:beside`);
    pass(lifetime - 60);
    const renewed = (await device.renew(here, id)).body.token;
    const fresh = await connect(here, address, renewed, `${address}:fresh`);
    await connectionChecks();
    expect([own, beside, fresh].map((client) => client.connected)).toEqual([true, true, true]);
    pass(60 + grace);
    await ends(beside);
    expect([own, fresh].map((client) => client.connected)).toEqual([true, true]);
  });

  it("is over for good once another device is paired", async () => {
    const { id, address, token } = await paired("LAPSE-AGAIN");
    pass(lifetime + grace);
    await vi.waitUntil(async () => (await credentialOf(id)).lapsed_at !== null, { interval: 50 });
    const path = `/v1/accounts/${tenant.aid}/terminals/${id}/pairing-codes`;
    const { code } = (await here.call("POST", path, { ...tenant, body: {} })).body;
    const anew = (await (await PairingDevice.make("LAPSE-AGAIN")).pair(here, code)).body;
    expect(await credentialOf(id)).toMatchObject({ lapsed_at: null, token_lapses: 0 });
    await expect(connectMqtt(here, address, token)).rejects.toThrow();
    expect((await connect(there, anew.address, anew.token)).connected).toBe(true);
  });
});

it("leaves devices the time to renew after an outage of all servers in which their tokens ran out", async () => {
  const server = await startTestServer({ config });
  onTestFinished(() => server.stop());
  const tenant = await server.account("T63000002");
  const pair = async (serial: string) => {
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, serial);
    const device = await PairingDevice.make(serial);
    await device.pair(server, pairing.code);
    return { id, device };
  };
  const prompt = await pair("OUTAGE-PROMPT");
  const absent = await pair("OUTAGE-ABSENT");
  const lapses = async () => {
    const query = server.db.sql.selectFrom("terminal_credentials").select(["terminal_id", "lapsed_at", "token_lapses"]);
    return new Map((await query.execute()).map((row) => [row.terminal_id, [row.lapsed_at !== null, row.token_lapses]]));
  };
  await server.restart(() => server.clock.advance((lifetime + grace) * 1000));
  expect((await prompt.device.renew(server, prompt.id)).status).toBe(200);
  server.clock.advance(grace * 1000);
  const seen = [
    [prompt.id, [false, 0]],
    [absent.id, [true, 0]],
  ] as const;
  await expect.poll(lapses).toEqual(new Map<string, unknown>(seen));
});
