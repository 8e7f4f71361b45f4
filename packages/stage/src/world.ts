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

/** The server, account and device that a test file starts with. */
export interface World<S extends SharedServer, D, O = undefined> {
  server: S;
  /** A second server on the same database, if the options ask for it. */
  other: O;
  /** An account with a client. */
  tenant: Tenant;
  /** The account's id. */
  aid: string;
  /** A connected device, if the options ask for it. */
  device: D;
}

export interface WorldOptions<D> {
  /** A live account in place of a sandbox. */
  live?: boolean;
  /** Connects a device; its terminal is then PENDING (`registered`) or ACTIVE (`active`). */
  device?: D;
}

/** For files that set the clock, restart or stop the server, or look beyond their own account. */
export interface OwnWorldOptions<D, O = undefined> extends WorldOptions<D> {
  /** The settings of a server for this file only; `{}` keeps the usual ones. */
  own: TestServerOptions;
  /** The settings of a second server on the same database. */
  other?: O;
  /** The account's id, for files whose tests name it. */
  aid?: string;
}

type DeviceOf<D> = D extends string ? Device & { password: string } : undefined;
type DeviceState = "registered" | "active";

/**
 * Starts a server with an account, and perhaps a device, for the tests of a file or a group. A server of its own ends
 * after them. Files that ask for none share a server with the other files of their worker.
 */
export function world<
  D extends DeviceState | undefined = undefined,
  O extends TestServerOptions | undefined = undefined,
>(options: OwnWorldOptions<D, O>): Promise<World<TestServer, DeviceOf<D>, O extends object ? TestServer : undefined>>;
export function world<D extends DeviceState | undefined = undefined>(
  options?: WorldOptions<D>,
): Promise<World<SharedServer, DeviceOf<D>>>;
export async function world({
  own,
  other: second,
  live = false,
  aid = nextAccountId({ live }),
  device: deviceState,
}: Partial<OwnWorldOptions<DeviceState | undefined, TestServerOptions | undefined>> = {}): Promise<
  World<SharedServer, Device | undefined, TestServer | undefined>
> {
  const server = own ? await ownServer(own) : await sharedServer();
  const { database } = server as Partial<TestServer>;
  const other = second && database && (await ownServer({ ...second, database }));
  const tenant = await server.account(aid);
  const connectDevice = { registered: registerDevice, active: activeDevice };
  const device = deviceState && (await connectDevice[deviceState](server, tenant));
  if (device) afterAll(() => device.leave());
  return { server, other, tenant, aid, device };
}

/** Starts a server without an account for the tests of a file or a group; it ends after them. */
export async function ownServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  afterAll(() => server.stop());
  return server;
}

let shared: Promise<SharedServer> | undefined;

/** Starts the worker's shared server once. It ends with the worker, and its files are removed with the run. */
function sharedServer(): Promise<SharedServer> {
  shared ??= startShared();
  return shared;
}

async function startShared(): Promise<SharedServer> {
  // An explicit exit also runs the hooks that end further processes.
  process.once("SIGTERM", () => process.exit());
  return startTestServer({ folder: inject("scratch") });
}
