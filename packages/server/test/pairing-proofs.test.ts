import { CompactSign, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newNonce, PairingDevice, registerForPairing } from "./support/pairing-device.ts";
import { startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

const serial = "PROOFS-1";
const base64 = (value: object | string) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

describe("a proof", () => {
  let server: TestServer;
  let tenant: Tenant;
  let device: PairingDevice;
  let code: string;
  let terminalId: string;
  beforeAll(async () => {
    server = await startTestServer();
    tenant = await server.account("T63000001");
    const { terminal_id, pairing } = await registerForPairing(server, tenant, serial);
    terminalId = terminal_id;
    code = pairing.code;
    device = await PairingDevice.make(serial);
  });
  afterAll(() => server.stop());

  const pair = (proof: unknown, more: object = {}) =>
    server.call("POST", "/v1/device/pair", { body: { device_serial_number: serial, code, proof, ...more } });
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
      "several audiences": { ...right, aud: ["tillkeeper"] },
      "another code": { ...right, code: "0000-0000" },
      "no code": { nonce, sub: serial },
    };
    for (const [what, payload] of Object.entries(wrong))
      expectRefused(await pair(await device.sign(payload, { jwk })), what);
    server.clock.advance(120_000);
    expectRefused(await pair(await device.sign(right, { jwk })), "an old nonce");
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
    for (const [what, jwk] of Object.entries(keys))
      expectRefused(await pair(await device.sign(payload, { jwk })), what);
    const itsOwn = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const leaking = await new SignJWT({ aud: "tillkeeper", ...payload })
      .setProtectedHeader({ alg: "EdDSA", typ: "device-proof+jwt", jwk: await exportJWK(itsOwn.privateKey) })
      .sign(itsOwn.privateKey);
    expectRefused(await pair(leaking), "its own private key");
    const off = { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) };
    const es256 = await PairingDevice.make(serial, "ES256");
    expectRefused(await pair(await es256.sign(payload, { jwk: off })), "a point off P-256");

    const signed = (alg: string, key: Parameters<SignJWT["sign"]>[0], jwk: unknown) =>
      new SignJWT({ aud: "tillkeeper", ...payload })
        .setProtectedHeader({ alg, typ: "device-proof+jwt", jwk: jwk as never })
        .sign(key);
    const others: Record<string, string> = {
      RS256: await signed("RS256", rsa.privateKey, await exportJWK(rsa.publicKey)),
      ES384: await signed("ES384", p384.privateKey, await exportJWK(p384.publicKey)),
      // The public key as the secret of a symmetric signature.
      HS256: await signed("HS256", Buffer.from(JSON.stringify(own)), own),
      none: new UnsecuredJWT({ aud: "tillkeeper", ...payload }).encode(),
      "none, with everything else": `${base64({ alg: "none", typ: "device-proof+jwt", jwk: own })}.${base64(payload)}.`,
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
    const payload = base64({ aud: "tillkeeper", nonce: await newNonce(server), sub: serial, code });
    // R is the neutral point and S is 0: by the first of these keys that is a valid signature of every message.
    const signature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url");
    for (const point of points) {
      const x = Buffer.from(point, "hex").toString("base64url");
      const header = { alg: "EdDSA", typ: "device-proof+jwt", jwk: { kty: "OKP", crv: "Ed25519", x } };
      const answer = await pair(`${base64(header)}.${payload}.${signature}`);
      expectRefused(answer, point);
      expect(answer.body.error.errors[0].message).toContain("weak");
    }
  });

  it("is refused that is no proof at all, without a fault of the server's", async () => {
    const nonce = await newNonce(server);
    const jwk = device.publicKey;
    const good = await device.sign({ nonce, sub: serial, code }, { jwk });
    const [header, payload, signature] = good.split(".") as [string, string, string];
    const texts: Record<string, string> = {
      text: "x",
      dots: "..",
      "four parts": `${good}.${signature}`,
      "a header that is no JSON": `${base64("{")}.${payload}.${signature}`,
      "a header that is null": `${base64("null")}.${payload}.${signature}`,
      "another payload": `${header}.${base64({ nonce, sub: serial, code, aud: "tillkeeper", x: 1 })}.${signature}`,
      "no signature": `${header}.${payload}.`,
      "another type": await device.sign({ nonce, sub: serial, code }, { jwk, typ: "JWT" }),
      "what nobody understands": await device.sign({ nonce, sub: serial, code }, { jwk, crit: ["x"], x: 1 }),
      "a nonce": nonce,
    };
    for (const [what, proof] of Object.entries(texts)) expectRefused(await pair(proof), what);
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    for (const content of ["null", "[]", "{", '"x"', "\u00ff"]) {
      const proof = await new CompactSign(Buffer.from(content, "latin1"))
        .setProtectedHeader({ alg: "EdDSA", typ: "device-proof+jwt", jwk: await exportJWK(publicKey) })
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
    const answer = await pair(await device.sign({ nonce, sub: serial, code, ...times }, { jwk: device.publicKey }));
    expect(answer.status).toBe(200);
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
    // Its own key in the header does not make it the one that is paired.
    const nonce = await newNonce(server);
    const proof = await other.sign({ nonce, sub: terminalId }, { jwk: other.publicKey });
    const answer = await server.call("POST", "/v1/device/token", { body: { terminal_id: terminalId, proof } });
    expectRefused(answer, "a key that comes along");
    expect((await device.renew(server, terminalId)).status).toBe(200);
  });
});

describe("devices that come too often", () => {
  it("are told to wait, by address", async () => {
    const server = await startTestServer({
      config: { rateLimit: { perClient: 100, perAddress: 5, devicesPerAddress: 5 } },
    });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, () => server.call("POST", "/v1/device/nonce")));
      const refused = answers.filter((answer) => answer.status === 429);
      expect(refused.length).toBeGreaterThan(5);
      for (const answer of refused) expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    } finally {
      await server.stop();
    }
  });
});
