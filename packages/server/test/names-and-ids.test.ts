import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

describe("names and ids of callers", async () => {
  const { server, tenant, aid } = await world({ live: true });
  const stores = `/v1/accounts/${aid}/stores`;

  const call = (method: string, path: string, body?: unknown) =>
    server.call(method, `${stores}${path}`, { token: tenant.token, ...(body !== undefined && { body }) });
  const create = (body: object) => call("POST", "", body);
  const taken = { status: 409, body: { error: { code: "store_id_taken" } } };
  const refused = { status: 400, body: { error: { code: "invalid_request" } } };

  describe("a store_id", () => {
    // plur-ai/plur #850: two kinds of id in one address space, and the first match wins.
    it("is never another store's generated id, whichever of the two is first", async () => {
      const victim = (await create({ store_name: "Victim" })).body;
      const number = Number(victim.id.slice(-4));
      const later = `${aid}-${String(number + 5).padStart(4, "0")}`;
      for (const store_id of [victim.id, later, `${aid}-0000`, `${aid}-99999`]) {
        expect([store_id, await create({ store_id })]).toMatchObject([store_id, taken]);
      }
      const other = (await create({ store_id: "other" })).body;
      expect(await call("PUT", "/other", { store_id: victim.id })).toMatchObject(taken);
      expect(await call("PUT", "/other", { store_id: `${aid}-7000` })).toMatchObject(taken);
      expect((await call("GET", `/${victim.id}`)).body.store_name).toBe("Victim");
      // A store may be called by its own id, and by what only resembles one.
      expect((await call("PUT", "/other", { store_id: other.id })).body).toMatchObject({ store_id: other.id });
      for (const store_id of [`${aid}-123`, `${aid}-01x4`, `${aid}_0001`, "P00000000-0001"]) {
        expect([store_id, (await create({ store_id })).status]).toEqual([store_id, 201]);
      }
    });

    it("is no other store's id when both are made at the same moment", async () => {
      const first = (await create({})).body.id;
      const ids = Array.from(
        { length: 4 },
        (_, n) => `${aid}-${String(Number(first.slice(-4)) + 1 + n).padStart(4, "0")}`,
      );
      const answers = await Promise.all(
        ids.flatMap((store_id) => [create({ store_id }), create({ store_id: `race ${store_id.slice(-4)}` })]),
      );
      const made = answers.filter(({ status }) => status === 201).map(({ body }) => body);
      for (const refusal of answers.filter(({ status }) => status !== 201)) expect(refusal).toMatchObject(taken);
      for (const { store_id } of made)
        expect(made.filter(({ id }) => id === store_id).every((store) => store.store_id === store_id)).toBe(true);
    });

    // RFC 3986 section 5.2.4: clients remove these segments from a path, also when they are percent-encoded (whatwg/url #281).
    it("is not . or .., which no path can hold", async () => {
      for (const store_id of [".", ".."]) {
        const answer = await create({ store_id });
        expect(answer).toMatchObject(refused);
        expect(answer.body.error.errors).toEqual([
          { path: "/body/store_id", message: expect.stringContaining("not be . or ..") },
        ]);
      }
      for (const store_id of ["...", ".a", "a."]) {
        expect((await create({ store_id })).status).toBe(201);
        expect((await call("GET", `/${store_id}`)).body.store_id).toBe(store_id);
      }
    });

    it("has something to see, and no blank at its ends", async () => {
      for (const store_id of ["\u200b", "\u2060\u200d", "\u3164", " S1", "S1 ", "\ufeffS1", "S\u0007", "a/b"]) {
        const answer = await create({ store_id });
        expect([store_id, answer]).toMatchObject([store_id, refused]);
        // In words: callers cannot be asked to read a regular expression.
        expect(answer.body.error.errors[0].message).not.toContain("pattern");
      }
    });

    // Unicode Standard Annex 15: both spellings are the same text; file systems and keyboards give one or the other.
    it("is one id in both spellings of an accent, wherever it is given", async () => {
      const [composed, decomposed] = ["Café".normalize("NFC"), "Café".normalize("NFD")];
      const made = await create({ store_id: decomposed, store_name: decomposed });
      expect(made.body).toMatchObject({ store_id: composed, store_name: composed });
      expect(await create({ store_id: composed })).toMatchObject(taken);
      for (const id of [composed, decomposed]) {
        expect((await call("GET", `/${encodeURIComponent(id)}`)).body.id).toBe(made.body.id);
        const terminal = await server.call("POST", `/v1/accounts/${aid}/terminals`, {
          token: tenant.token,
          body: { device_serial_number: `CAFE-${id.length}`, store_id: id },
        });
        expect(terminal).toMatchObject({ status: 201, body: { store_id: composed } });
      }
      for (const id of [composed, decomposed]) {
        const query = `store_id=${encodeURIComponent(id)}`;
        const list = await server.call("GET", `/v1/accounts/${aid}/terminals?${query}&store_id=none`, tenant);
        expect(list.body.terminals).toHaveLength(2);
      }
      expect((await call("GET", `?search=${encodeURIComponent(decomposed)}`)).body.stores).toHaveLength(1);
      const moved = await call("PUT", `/${encodeURIComponent(decomposed)}`, { store_id: decomposed });
      expect(moved).toMatchObject({ status: 200, body: { id: made.body.id, store_id: composed } });
    });
  });

  it("make one request of an operation in both spellings, for an idempotency key", async () => {
    const { body: store } = await create({});
    const { body: terminal } = await server.call("POST", `/v1/accounts/${aid}/terminals`, {
      token: tenant.token,
      body: { device_serial_number: "SPELLING-1", store_id: store.id },
    });
    await server.db.pool.query("update terminals set status = 'ACTIVE' where terminal_id = $1", [terminal.terminal_id]);
    const send = (operator: string) =>
      server.call("POST", "/v1/admin/terminals/operations", {
        token: tenant.token,
        headers: { "idempotency-key": "6f1d3a52-6c0e-4d52-9d0a-0b6f1f6f3f11" },
        body: { terminal_id: terminal.terminal_id, operation: "open_menu", parameters: { operator_id: operator } },
      });
    const first = await send("Bjørn é".normalize("NFC"));
    expect(first.status).toBe(201);
    const again = await send("Bjørn é".normalize("NFD"));
    expect(again).toMatchObject({ status: 201, body: { id: first.body.id } });
    expect((await send("Bjarn é")).status).toBe(422);
  });

  it("are not of blanks, of control characters, or of characters that nobody sees", async () => {
    const address = { address_line: "Storgata 1", postal_place: "Oslo", country: "NO" };
    const unseen = [" ", " \u00a0\u2003 ", "\u0007", "Oslo\u0007", "a\nb", "\u200b", "\u200b\u200d\ufeff", "\u2800"];
    for (const text of unseen) {
      for (const [body, path] of [
        [{ store_name: text }, "/body/store_name"],
        [{ address: { ...address, address_line: text } }, "/body/address/address_line"],
        [{ address: { ...address, address_line_2: text } }, "/body/address/address_line_2"],
        [{ address: { ...address, postal_place: text } }, "/body/address/postal_place"],
        [{ address: { ...address, postal_code: text } }, "/body/address/postal_code"],
        [{ organization: { name: text } }, "/body/organization/name"],
      ] as const) {
        const answer = await create(body);
        expect([text, path, answer]).toMatchObject([text, path, refused]);
        expect(answer.body.error.errors).toEqual([
          { path, message: "must have a visible character and no control characters, such as a tab or a line break" },
        ]);
      }
    }
    for (const store_name of ["Kaffe & Te", "北", "👩‍👩‍👧", "a\u200bb", "Ünï"]) {
      expect([store_name, (await create({ store_name })).status]).toEqual([store_name, 201]);
    }
    const client = await server.call("POST", `/v1/accounts/${aid}/auth/clients`, {
      ...tenant,
      body: { name: "\u200b" },
    });
    expect(client).toMatchObject(refused);
  });

  // The same for clients: `created_by` shows client ids, and a client is looked up by its `id`.
  it("do not let a client be called by another client's id", async () => {
    const clients = `/v1/accounts/${aid}/auth/clients`;
    const { body } = await server.call("POST", clients, { ...tenant, body: { client_id: "till" } });
    const twin = await server.call("POST", clients, { ...tenant, body: { client_id: body.id } });
    expect(twin).toMatchObject({ status: 409, body: { error: { code: "client_id_taken" } } });
    const free = { ...tenant, body: { client_id: "0197f0a0-0000-7000-8000-000000000000" } };
    expect((await server.call("POST", clients, free)).status).toBe(201);
  });

  it("do not let a model be called . or ..", async () => {
    const { body: store } = await create({});
    const register = (device_model: string) =>
      server.call("POST", `/v1/accounts/${aid}/terminals`, {
        token: tenant.token,
        body: { device_serial_number: `MODEL-${device_model.length}`, store_id: store.id, device_model },
      });
    for (const model of [".", "..", "a b", ""]) expect([model, await register(model)]).toMatchObject([model, refused]);
    for (const model of ["...", "S1P2.", "..S1F4_Pro"])
      expect(await register(model)).toMatchObject({ status: 201, body: { device_model: model } });
  });

  // Brønnøysund Register Centre: organization numbers begin with 8 or 9 (the authorities' test data with 2 or 3).
  it("do not take nine zeros, whose check digit fits by accident, for a Norwegian organization", async () => {
    for (const number of ["000000000", "000000019"]) {
      expect([number, await create({ organization: { organization_number: number } })]).toMatchObject([
        number,
        refused,
      ]);
    }
    for (const organization of [
      { organization_number: "974760673" },
      { organization_number: "000000000", country: "SE" },
    ])
      expect((await create({ organization })).status).toBe(201);
  });
});
