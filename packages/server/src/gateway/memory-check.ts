import type { Memory } from "@tillkeeper/contract/mqtt";
import type { Db } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/load/batch.ts";
import type { Logger } from "../platform/log/log.ts";
import type { Device } from "../terminals/record/devices.ts";
import type { DeviceTransport } from "./carriers/transport.ts";
import { differingMemories } from "./sql/differing-memories.ts";

interface MemoryDeps {
  db: Db;
  log: Logger;
  transport: () => DeviceTransport;
}

/** Heartbeats come at any moment, and a second later is soon enough. */
const restMs = 1_000;

/**
 * Compares what devices believe that the server holds of their logs with what it holds, many in one statement, and tells those
 * that are wrong: so a database that went back shows with the next heartbeat.
 */
export function memoryWords({ db, log, transport }: MemoryDeps): (device: Device, believed: Memory) => void {
  const compare = gather<{ device: Device; believed: Memory }, Memory | undefined>({
    slots: 1,
    maxBatch: 5_000,
    maxQueue: 50_000,
    restMs,
    overload: () => new ApiError("service_unavailable", "Too many heartbeats wait."),
    run: (batch) => differingMemories(db.pool, batch),
  });
  return (device, believed) => {
    compare({ device, believed })
      .then((memory) => memory && transport().publish(device.address, "memory", { memory }))
      .catch((error: unknown) => log.debug({ err: error, address: device.address }, "a log was not compared"));
  };
}
