// @module-tag replicas: a proof and its nonce count once over all servers.

import { request } from "node:http";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { ownServer } from "@tillkeeper/stage/world";
import { CompactSign, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it, vi } from "vitest";

const serial = "PROOFS-1";

/** Sends a `Host` of the test's choice, which fetch would set itself. */
function sendRaw(url: string, body: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { method: "POST", agent: false, headers: { "content-type": "application/json", ...headers } };
    const sent = request(`${url}/v1/device/token`, options, (response) => {
      resolve(response.resume().statusCode);
    });
    sent.once("error", reject).end(body);
  });
}

const base64 = (value: object | string) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

describe("a proof", async () => {
  const server = await ownServer({ config: { trustedProxies: ["127.0.0.1"] } });
  const aud = `${server.url}/v1/device/pair`;
  const tenant = await server.account("T63000001");
  const { terminal_id, pairing } = await registerForPairing(server, tenant, serial);
  const terminalId = terminal_id;
  const code = pairing.code;
  const device = await PairingDevice.make(serial);

  /** Each try comes from another address, because tries from one are limited. */
  let tries = 0;
  const pair = (proof: unknown, more: object = {}) => {
    tries += 1;
    const headers = { "x-forwarded-for": `192.0.2.${tries}` };
    return server.call("POST", "/v1/device/pair", {
      body: { device_serial_number: serial, code, proof, ...more },
      headers,
    });
  };
  const signed = (payload: object, header: object = {}) => device.sign(server, "pairing", payload, header);
  const expectRefused = (answer: Awaited<ReturnType<typeof pair>>, what: string) => {
    expect({ what, status: answer.status, code: answer.body.error?.code }).toEqual({
      what,
      status: 401,
      code: "invalid_proof",
    });
    expect(answer.body.error.errors[0].path).toBe("/body/proof");
    expect(answer.headers.get("www-authenticate")).toContain("DeviceProof");
  };
  const codeRow = async () =>
    (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${terminalId}/pairing-codes`, tenant)).body[0];

  it("is refused whose payload is for something else, and costs the code no try", async () => {
    const nonce = await newNonce(server);
    const jwk = device.publicKey;
    const right = { nonce, sub: serial, code };
    const wrong: Record<string, object> = {
      "no nonce": { sub: serial, code },
      "a nonce of nobody": { ...right, nonce: "x" },
      "an access token for a nonce": { ...right, nonce: tenant.token },
      "another device": { ...right, sub: "PROOFS-2" },
      "another audience": { ...right, aud: "https://elsewhere.example" },
      "several audiences": { ...right, aud: [aud] },
      "the audience of every server": { ...right, aud: "tillkeeper" },
      "the server without the path": { ...right, aud: server.url },
      "the address of renewals": { ...right, aud: `${server.url}/v1/device/token` },
      "this host in the name of another": { ...right, aud: aud.replace("//", "//elsewhere.example@") },
      "another port": { ...right, aud: "http://127.0.0.1:1/v1/device/pair" },
      "another scheme": { ...right, aud: aud.replace("http:", "https:") },
      "no address": { ...right, aud: "/v1/device/pair" },
      "another code": { ...right, code: "0000-0000" },
      "no code": { nonce, sub: serial },
    };
    for (const [what, payload] of Object.entries(wrong))
      expectRefused(await pair(await signed(payload, { jwk })), what);
    server.clock.advance(120_000);
    expectRefused(await pair(await signed(right, { jwk })), "an old nonce");
    expect(await codeRow()).toMatchObject({ status: "open", failed_attempts: 0 });
  });

  it("is refused with a key that is not the public one of its algorithm", async () => {
    const nonce = await newNonce(server);
    const payload = { nonce, sub: serial, code };
    const own = device.publicKey;
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const p256 = await generateKeyPair("ES256", { extractable: true });
    const rsa = await generateKeyPair("RS256", { extractable: true });
    const p384 = await generateKeyPair("ES384", { extractable: true });
    const keys: Record<string, unknown> = {
      none: undefined,
      "a private key": await exportJWK(privateKey),
      "another's key": await exportJWK(publicKey),
      "a key of another kind": await exportJWK(p256.publicKey),
      "a symmetric key": { kty: "oct", k: base64("secret") },
      "an RSA key": await exportJWK(rsa.publicKey),
      text: "x",
      "an array": [own],
      "a short key": { ...own, x: "AAAA" },
      "a key of zeros": { ...own, x: "A".repeat(43) },
      "the neutral point": { ...own, x: base64("\u0001".padEnd(32, "\0")) },
      "no point of the curve": { ...own, x: Buffer.alloc(32, 2).toString("base64url") },
    };
    for (const [what, jwk] of Object.entries(keys)) expectRefused(await pair(await signed(payload, { jwk })), what);
    const itsOwn = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const leaking = await new SignJWT({ aud, ...payload })
      .setProtectedHeader({ alg: "EdDSA", typ: "device-pairing+jwt", jwk: await exportJWK(itsOwn.privateKey) })
      .sign(itsOwn.privateKey);
    expectRefused(await pair(leaking), "its own private key");
    const off = { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) };
    const es256 = await PairingDevice.make(serial, "ES256");
    expectRefused(await pair(await es256.sign(server, "pairing", payload, { jwk: off })), "a point off P-256");

    const signedBy = (alg: string, key: Parameters<SignJWT["sign"]>[0], jwk: unknown) =>
      new SignJWT({ aud, ...payload })
        .setProtectedHeader({ alg, typ: "device-pairing+jwt", jwk: jwk as never })
        .sign(key);
    const others: Record<string, string> = {
      RS256: await signedBy("RS256", rsa.privateKey, await exportJWK(rsa.publicKey)),
      ES384: await signedBy("ES384", p384.privateKey, await exportJWK(p384.publicKey)),
      // The public key as the secret of a symmetric signature.
      HS256: await signedBy("HS256", Buffer.from(JSON.stringify(own)), own),
      none: new UnsecuredJWT({ aud, ...payload }).encode(),
      "none, with everything else": `${base64({ alg: "none", typ: "device-pairing+jwt", jwk: own })}.${base64(payload)}.`,
    };
    for (const [what, proof] of Object.entries(others)) expectRefused(await pair(proof), what);
    expect(await codeRow()).toMatchObject({ status: "open", failed_attempts: 0 });
  });

  it("is refused with a key for which anybody can sign anything", async () => {
    const points = [
      "00".repeat(32),
      `01${"00".repeat(31)}`,
      `01${"00".repeat(30)}80`,
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      `ec${"ff".repeat(30)}7f`,
      `ed${"ff".repeat(30)}7f`,
      `ee${"ff".repeat(30)}7f`,
    ];
    const payload = base64({ aud, nonce: await newNonce(server), sub: serial, code });
    // R is the neutral point and S is 0: under the first of these keys that is a valid signature of every message.
    const signature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url");
    for (const point of points) {
      const x = Buffer.from(point, "hex").toString("base64url");
      const header = { alg: "EdDSA", typ: "device-pairing+jwt", jwk: { kty: "OKP", crv: "Ed25519", x } };
      const answer = await pair(`${base64(header)}.${payload}.${signature}`);
      expectRefused(answer, point);
      expect(answer.body.error.errors[0].message).toContain("weak");
    }
  });

  it("is refused that is no proof at all, without a fault of the server's", async () => {
    const nonce = await newNonce(server);
    const jwk = device.publicKey;
    const good = await signed({ nonce, sub: serial, code }, { jwk });
    const [header, payload, signature] = good.split(".") as [string, string, string];
    const texts: Record<string, string> = {
      text: "x",
      dots: "..",
      "four parts": `${good}.${signature}`,
      "a header that is no JSON": `${base64("{")}.${payload}.${signature}`,
      "a header that is null": `${base64("null")}.${payload}.${signature}`,
      "another payload": `${header}.${base64({ nonce, sub: serial, code, aud, x: 1 })}.${signature}`,
      "no signature": `${header}.${payload}.`,
      "another type": await signed({ nonce, sub: serial, code }, { jwk, typ: "JWT" }),
      "the type of every proof": await signed({ nonce, sub: serial, code }, { jwk, typ: "device-proof+jwt" }),
      "the type of a renewal": await signed({ nonce, sub: serial, code }, { jwk, typ: "device-renewal+jwt" }),
      "what nobody understands": await signed({ nonce, sub: serial, code }, { jwk, crit: ["x"], x: 1 }),
      "a nonce": nonce,
    };
    for (const [what, proof] of Object.entries(texts)) expectRefused(await pair(proof), what);
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    for (const content of ["null", "[]", "{", '"x"', "\u00ff"]) {
      const proof = await new CompactSign(Buffer.from(content, "latin1"))
        .setProtectedHeader({ alg: "EdDSA", typ: "device-pairing+jwt", jwk: await exportJWK(publicKey) })
        .sign(privateKey);
      expectRefused(await pair(proof), content);
    }
    for (const proof of ["", "x".repeat(4_097), 7, null, undefined, {}, good.repeat(20)])
      expect(await pair(proof)).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
    for (const more of [
      { code: "" },
      { code: "x".repeat(33) },
      { device_serial_number: "a b" },
      { agent: "" },
      { x: 1 },
    ])
      expect((await pair(good, more)).status, JSON.stringify(more)).toBe(400);
  });

  it("pairs whatever the device believes the time to be", async () => {
    const nonce = await newNonce(server);
    const times = { iat: 4_000_000_000, nbf: 4_000_000_000, exp: 1 };
    const proof = await signed({ nonce, sub: serial, code, ...times }, { jwk: device.publicKey });
    expect((await pair(proof)).status).toBe(200);
    // The code is used, so no proof counts.
    expect((await pair(proof)).body.error.code).toBe("pairing_refused");
  });

  it("renews a token only by the key that is paired, and says the same of terminals that are not there", async () => {
    const other = await PairingDevice.make(serial);
    const weaker = await PairingDevice.make(serial, "ES256");
    const bodies = new Set<string>();
    const renewals = [
      other.renew(server, terminalId),
      weaker.renew(server, terminalId),
      device.renew(server, "T63000001-T9999"),
      device.renew(server, "T99999999-T0001"),
      device.renew(server, "x"),
    ];
    for (const answer of await Promise.all(renewals)) {
      expectRefused(answer, "a renewal");
      bodies.add(JSON.stringify(answer.body));
    }
    expect(bodies.size).toBe(1);
    // A key in the proof's header does not count: only the paired key does.
    const nonce = await newNonce(server);
    const proof = await other.sign(server, "renewal", { nonce, sub: terminalId }, { jwk: other.publicKey });
    const answer = await server.call("POST", "/v1/device/token", { body: { terminal_id: terminalId, proof } });
    expectRefused(answer, "a key that comes along");
    expect((await device.renew(server, terminalId)).status).toBe(200);
  });

  const renew = (proof: string) =>
    server.call("POST", "/v1/device/token", { body: { terminal_id: terminalId, proof } });

  it("of one purpose is not taken for another", async () => {
    const nonce = await newNonce(server);
    const jwk = device.publicKey;
    const forPairing = await signed({ nonce, sub: terminalId, code }, { jwk });
    expectRefused(await renew(forPairing), "a pairing proof for a renewal");
    const forRenewal = { typ: "device-renewal+jwt" };
    const elsewhere = await signed({ nonce, sub: terminalId }, forRenewal);
    expectRefused(await renew(elsewhere), "the address of pairing in a renewal");
    const typed = await device.sign(server, "renewal", { nonce, sub: terminalId }, { typ: "device-pairing+jwt" });
    expectRefused(await renew(typed), "the type of pairing in a renewal");
    // The refused requests have not used up the nonce.
    expect((await renew(await device.sign(server, "renewal", { nonce, sub: terminalId }))).status).toBe(200);
  });

  it("counts once, also when it comes several times at once, and its nonce with it", async () => {
    const nonce = await newNonce(server);
    const payload = { nonce, sub: terminalId };
    const proof = await device.sign(server, "renewal", payload);
    const answers = await Promise.all(Array.from({ length: 5 }, () => renew(proof)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expectRefused(answer, "a replay");
    const another = await device.sign(server, "renewal", { ...payload, more: 1 });
    const refused = await renew(another);
    expectRefused(refused, "another proof with the nonce");
    expect(refused.body.error.errors[0].message).toContain("nonce");
    expect((await device.renew(server, terminalId)).status).toBe(200);
  });

  it("is forgotten when no server takes its nonce any more", async () => {
    const kept = async () => (await server.db.sql.selectFrom("used_nonces").selectAll().execute()).length;
    expect(await kept()).toBeGreaterThan(0);
    server.clock.advance(1_000_000);
    await vi.waitUntil(async () => (await kept()) === 0, { timeout: 60_000, interval: 50 });
  });

  it("names this server in whatever way RFC 9449 has for one address, and in no request's own words", async () => {
    const { host } = new URL(server.url);
    const prove = async (address: string, headers: Record<string, string> = {}) => {
      const proof = await device.sign(server, "renewal", {
        aud: address,
        nonce: await newNonce(server),
        sub: terminalId,
      });
      const body = JSON.stringify({ terminal_id: terminalId, proof });
      return sendRaw(server.url, body, headers);
    };
    for (const address of [`HTTP://${host}/v1/device/token`, `http://${host}/v1/device/token?x#y`])
      expect(await prove(address), address).toBe(200);
    // A server in between has the device name it, and names itself in `Host`, too.
    const claimed = { host: "elsewhere.example", "x-forwarded-host": "elsewhere.example" };
    for (const scheme of ["http", "https"])
      expect(await prove(`${scheme}://elsewhere.example/v1/device/token`, claimed)).toBe(401);
  });
});
