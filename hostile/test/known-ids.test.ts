import { createRandom } from "@tillkeeper/stage/programs/random";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../src/document.ts";
import type { Answer } from "../src/http.ts";
import { KnownIds } from "../src/known-ids.ts";
import { learnFromAnswer } from "../src/learn-from-answer.ts";
import type { World } from "../src/world.ts";

const ids = {
  aid: ["T70000001"],
  store_id: ["own-1", "own-2"],
  terminal_id: ["T70000001-T0001"],
  client_ref: ["c-1", "c-2"],
  secret_client: ["c-1", "c-2"],
  secret_id: ["s-1", "s-2"],
  closing_store: ["own-1", "own-2"],
  closing_id: ["day-1", "day-2"],
};
const newPools = () => new KnownIds({ own: { accountId: "T70000001", ids } } as unknown as World);

/** Returns the ids that many requests pick, without repetitions. */
function picked(pools: KnownIds, kinds: string[], destructive = false): string[] {
  const picks = Array.from({ length: 200 }, (_, seed) => {
    const id = pools.picker(createRandom(seed), destructive);
    return kinds.map((kind) => id(kind)).join(" ");
  });
  return [...new Set(picks)].toSorted();
}

const stores = "/v1/accounts/{aid}/stores";
const secrets = "/v1/accounts/{oid}/auth/clients/{id}/secrets";

/** Lets the pools learn from the answer to one request. */
function note(
  pools: KnownIds,
  id: string,
  template: string,
  sent: { path: string; body?: object },
  answer: object,
): void {
  const { status = 200, ...body } = answer as { status?: number };
  const shot = { method: "POST", path: sent.path, headers: {}, body: sent.body && JSON.stringify(sent.body) };
  learnFromAnswer(pools, { id, path: template } as Endpoint, shot, { status, text: JSON.stringify(body) } as Answer);
}

const refusal = (status: number, code: string, path?: string) => ({
  status,
  error: { code, message: "No.", errors: path ? [{ path, message: "does not exist" }] : [] },
});

describe("the pools of ids", () => {
  it("pick what the run has made beside what the world has, and end only the former", () => {
    const pools = newPools();
    expect(picked(pools, ["store_id"], true)).toEqual(["nix-1"]);
    note(
      pools,
      "aid_account_management_stores_post",
      stores,
      { path: "/v1/accounts/T70000001/stores" },
      { store_id: "n" },
    );
    expect(picked(pools, ["store_id"])).toEqual(["n", "own-1", "own-2"]);
    expect(picked(pools, ["store_id"], true)).toEqual(["n"]);
  });

  it("know a thing that a hostile request has renamed by its new name", () => {
    const pools = newPools();
    const path = "/v1/accounts/T70000001/stores/own-1?unknown=1";
    note(pools, "aid_account_management_stores_sid_put", `${stores}/{store_id}`, { path }, { store_id: "%zz" });
    expect(picked(pools, ["store_id"])).toEqual(["%zz", "own-2"]);
    const again = { path: `/v1/accounts/T70000001/stores/${encodeURIComponent("%zz")}` };
    note(pools, "aid_account_management_stores_sid_put", `${stores}/{store_id}`, again, { store_id: "%zz" });
    expect(picked(pools, ["store_id"])).toEqual(["%zz", "own-2"]);
    note(pools, "aid_account_management_stores_sid_put", `${stores}/{store_id}`, again, { store_id: "null" });
    expect(picked(pools, ["store_id"])).toEqual(["null", "own-2"]);
  });

  it("forget what has ended, also what is the world's", () => {
    const pools = newPools();
    pools.add("store_id", { store_id: "n" });
    for (const id of ["n", "own-2"]) {
      const path = `/v1/accounts/T70000001/stores/${id}`;
      note(pools, "aid_account_management_stores_sid_delete", `${stores}/{store_id}`, { path }, { store_id: id });
    }
    expect(picked(pools, ["store_id"])).toEqual(["own-1"]);
  });

  it("forget what the server says is not there, in a path and in a body", () => {
    const pools = newPools();
    const path = "/v1/accounts/T70000001/stores/own-1";
    const missing = refusal(404, "store_not_found");
    note(pools, "aid_account_management_stores_sid_get", `${stores}/{store_id}`, { path }, missing);
    expect(picked(pools, ["store_id"])).toEqual(["own-2"]);
    pools.add("store_id", { store_id: "n" });
    const sent = { path: "/v1/accounts/T70000001/configurations", body: { store_id: "own-2" } };
    const lost = refusal(400, "invalid_request", "/body/store_id");
    note(pools, "aid_configurations_post", "/v1/accounts/{aid}/configurations", sent, lost);
    expect(picked(pools, ["store_id"])).toEqual(["n"]);
  });

  it("keep what lives when something else was refused", () => {
    const pools = newPools();
    const path = "/v1/accounts/T70000009/stores/own-1";
    for (const code of ["not_found", "account_not_found", "configuration_not_found"]) {
      const elsewhere = refusal(404, code);
      note(pools, "aid_account_management_stores_sid_get", `${stores}/{store_id}`, { path }, elsewhere);
    }
    const unclear = { path: "/v1/accounts/T70000001/auth/clients/x/secrets/s-1" };
    const missing = refusal(404, "client_not_found");
    note(pools, "auth_clients_secrets_delete", `${secrets}/{secret_id}`, unclear, missing);
    const body = { path: "/v1/accounts/T70000001/configurations", body: { store_id: 1 } };
    note(
      pools,
      "aid_configurations_post",
      "/v1/accounts/{aid}/configurations",
      body,
      refusal(400, "invalid_request", "/query/store_id"),
    );
    expect(picked(pools, ["store_id"])).toEqual(["own-1", "own-2"]);
    expect(picked(pools, ["secret_id"])).toEqual(["s-1", "s-2"]);
  });

  it("pick a secret with the client that has it, and forget it with that client", () => {
    const pools = newPools();
    expect(picked(pools, ["secret_client", "secret_id"])).toEqual(["c-1 s-1", "c-2 s-2"]);
    const path = "/v1/accounts/T70000001/auth/clients/c-2/secrets";
    note(pools, "auth_clients_secrets_post", secrets, { path }, { id: "s-3", client_secret: "x" });
    expect(picked(pools, ["secret_client", "secret_id"], true)).toEqual(["c-2 s-3"]);
    const gone = { path: "/v1/accounts/T70000001/auth/clients/c-2" };
    note(pools, "auth_clients_delete", "/v1/accounts/{oid}/auth/clients/{id}", gone, { status: 204 });
    expect(picked(pools, ["secret_client", "secret_id"])).toEqual(["c-1 s-1"]);
  });

  it("pick a closing with its store, under the name that this has now, and forget it with the store", () => {
    const pools = newPools();
    const closing = ["closing_store", "closing_id"];
    expect(picked(pools, closing)).toEqual(["own-1 day-1", "own-2 day-2"]);
    const closings = `${stores}/{store_id}/closings`;
    for (const id of ["day-3", "day-1"]) {
      const sent = { path: "/v1/accounts/T70000001/stores/own-1/closings" };
      note(pools, "aid_stores_sid_closings_post", closings, sent, { id });
    }
    expect(picked(pools, closing)).toEqual(["own-1 day-1", "own-1 day-3", "own-2 day-2"]);
    const path = "/v1/accounts/T70000001/stores/own-1";
    note(pools, "aid_account_management_stores_sid_put", `${stores}/{store_id}`, { path }, { store_id: "new" });
    expect(picked(pools, closing)).toEqual(["new day-1", "new day-3", "own-2 day-2"]);
    const gone = { path: "/v1/accounts/T70000001/stores/own-2" };
    const missing = refusal(404, "store_not_found");
    note(pools, "aid_account_management_stores_sid_get", `${stores}/{store_id}`, gone, missing);
    expect(picked(pools, closing)).toEqual(["new day-1", "new day-3"]);
    const lost = { path: "/v1/accounts/T70000001/stores/new/closings/day-1" };
    const none = refusal(404, "closing_not_found");
    note(pools, "aid_stores_sid_closings_id_get", `${closings}/{closing_id}`, lost, none);
    expect(picked(pools, closing)).toEqual(["new day-3"]);
  });

  it("pick no suspended store where an open one is needed, by what the server says", () => {
    const pools = newPools();
    const suspended = refusal(400, "invalid_request", "/body/store_id");
    suspended.error.errors[0]!.message = "is suspended";
    const ask = (verb: string) => {
      const path = `/v1/accounts/T70000001/stores/own-1/${verb}`;
      note(pools, `store_${verb}_post`, `${stores}/{store_id}/${verb}`, { path }, { store_id: "own-1" });
    };
    expect(picked(pools, ["open_store_id"])).toEqual(["own-1", "own-2"]);
    ask("suspend");
    expect(picked(pools, ["open_store_id"])).toEqual(["own-2"]);
    expect(picked(pools, ["store_id"])).toEqual(["own-1", "own-2"]);
    ask("resume");
    expect(picked(pools, ["open_store_id"])).toEqual(["own-1", "own-2"]);
    const sent = { path: "/v1/accounts/T70000001/terminals", body: { store_id: "own-2" } };
    note(pools, "aid_account_management_terminals_post", "/v1/accounts/{aid}/terminals", sent, suspended);
    expect(picked(pools, ["open_store_id"])).toEqual(["own-1"]);
  });
});
