import { afterAll, inject } from "vitest";
import { activeDevice, type Device, registerDevice } from "./devices/device.ts";
import {
  nextAccountId,
  type SharedServer,
  startTestServer,
  type Tenant,
  type TestServer,
  type TestServerOptions,
} from "./servers/test-server.ts";

/** What a file of tests begins with. */
export interface World<S extends SharedServer, D, O = undefined> {
  server: S;
  /** A second server on its database, if it was asked for. */
  other: O;
  /** An account with a client. */
  tenant: Tenant;
  /** The account's id. */
  aid: string;
  /** A connected one, if it was asked for. */
  device: D;
}

export interface WorldOptions<D> {
  /** A live account in place of one of a sandbox. */
  live?: boolean;
  /** With a terminal whose device is connected, and `PENDING` or `ACTIVE`. */
  device?: D;
}

/** For files that set the clock, restart or stop the server, or look at more than their own account. */
export interface OwnWorldOptions<D, O = undefined> extends WorldOptions<D> {
  /** Settings of a server of its own; `{}` for one with the usual ones. */
  own: TestServerOptions;
  /** Of a second server on the same database. */
  other?: O;
  /** Where the number of the account is told. */
  aid?: string;
}

type DeviceOf<D> = D extends string ? Device & { password: string } : undefined;
type Enters = "registered" | "active";

/**
 * A server with an account, and perhaps a device, for the tests of a file or a group. A server of its own ends after them;
 * files that ask for none share one with the others of their worker.
 */
export function world<D extends Enters | undefined = undefined, O extends TestServerOptions | undefined = undefined>(
  options: OwnWorldOptions<D, O>,
): Promise<World<TestServer, DeviceOf<D>, O extends object ? TestServer : undefined>>;
export function world<D extends Enters | undefined = undefined>(
  options?: WorldOptions<D>,
): Promise<World<SharedServer, DeviceOf<D>>>;
export async function world({
  own,
  other: second,
  live = false,
  aid = nextAccountId({ live }),
  device: enters,
}: Partial<OwnWorldOptions<Enters | undefined, TestServerOptions | undefined>> = {}): Promise<
  World<SharedServer, Device | undefined, TestServer | undefined>
> {
  const server = own ? await ownServer(own) : await sharedServer();
  const { database } = server as Partial<TestServer>;
  const other = second && database && (await ownServer({ ...second, database }));
  const tenant = await server.account(aid);
  const enter = { registered: registerDevice, active: activeDevice };
  const device = enters && (await enter[enters](server, tenant));
  if (device) afterAll(() => device.leave());
  return { server, other, tenant, aid, device };
}

/** A server without an account, for the tests of one file or group; it ends after them. */
export async function ownServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  afterAll(() => server.stop());
  return server;
}

let shared: Promise<SharedServer> | undefined;

/** Started once in a worker, and ended with it: what it leaves is removed with the run. */
function sharedServer(): Promise<SharedServer> {
  shared ??= startShared();
  return shared;
}

async function startShared(): Promise<SharedServer> {
  // Then what was started in further processes is ended, too.
  process.once("SIGTERM", () => process.exit());
  return startTestServer({ folder: inject("scratch") });
}
