import type {
  Release,
  ReleaseCreate,
  ReleaseKey,
  ReleaseKeyCreate,
  ReleaseKeyList,
  ReleaseList,
} from "@tillkeeper/contract/http/releases";
import type { ReleaseStatus } from "@tillkeeper/contract/releases";
import type { Transport } from "./transport.ts";

export interface ReleaseQuery {
  device_model?: string;
  status?: ReleaseStatus;
  /** 1-100, default 10. */
  limit?: number;
  /** `starting_after` of the page before. */
  starting_after?: string;
}

export interface Releases {
  /** Describes a release, signed by its maker; it is a draft until its file is here. */
  create(body: ReleaseCreate): Promise<Release>;
  /** Sends its file, piece by piece where the blob is one on disk; it is available then. */
  upload(id: string, file: Blob): Promise<Release>;
  get(id: string): Promise<Release>;
  /** One page, newest first. */
  list(query?: ReleaseQuery): Promise<ReleaseList>;
  /** Terminals are not offered it any more. */
  withdraw(id: string): Promise<Release>;
}

export function createReleases({ call, pathOf }: Transport): Releases {
  const list = pathOf("releases");
  const one = (id: string) => pathOf("releases", id);
  return {
    create: async (body) => (await call<Release>({ method: "POST", path: list, body })).body,
    upload: async (id, file) => (await call<Release>({ method: "PUT", path: `${one(id)}/file`, file })).body,
    get: async (id) => (await call<Release>({ method: "GET", path: one(id) })).body,
    list: async (query = {}) => (await call<ReleaseList>({ method: "GET", path: list, query: { ...query } })).body,
    withdraw: async (id) => (await call<Release>({ method: "DELETE", path: one(id) })).body,
  };
}

export interface ReleaseKeys {
  /** Registers the public half of a maker's key. */
  add(body: ReleaseKeyCreate): Promise<ReleaseKey>;
  /** All, newest first. */
  list(): Promise<ReleaseKey[]>;
  /** What it signed is not offered any more. */
  revoke(keyId: string): Promise<ReleaseKey>;
}

export function createReleaseKeys({ call, pathOf }: Transport): ReleaseKeys {
  const path = pathOf("release-keys");
  return {
    add: async (body) => (await call<ReleaseKey>({ method: "POST", path, body })).body,
    list: async () => (await call<ReleaseKeyList>({ method: "GET", path })).body.release_keys,
    revoke: async (keyId) => (await call<ReleaseKey>({ method: "DELETE", path: pathOf("release-keys", keyId) })).body,
  };
}
