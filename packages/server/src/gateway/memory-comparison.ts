import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import type { Db } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";
import { batched } from "../platform/load/batch.ts";
import type { Logger } from "../platform/log/log.ts";
import type { Device } from "../terminals/record/devices.ts";
import type { DeviceTransport } from "./carriers/transport.ts";
import { differingMemories } from "./sql/differing-memories.ts";

interface MemoryDeps {
  db: Db;
  log: Logger;
  transport: DeviceTransport;
}

/** Milliseconds from one statement to the next: heartbeats come at any moment, and a second's delay is soon enough. */
const restMs = 1_000;

/**
 * Compares what devices believe of their logs at the server with the stored state, many in one statement. A device that
 * is wrong is sent a `memory` message. So a database restored to an earlier moment shows with the next heartbeat.
 */
export function memoryComparison({ db, log, transport }: MemoryDeps): (device: Device, believed: Memory) => void {
  const compare = batched<{ device: Device; believed: Memory }, Memory | undefined>({
    slots: 1,
    maxBatch: 5_000,
    maxQueue: 50_000,
    restMs,
    overload: () => new ApiError("service_unavailable", "Too many heartbeats wait."),
    run: (batch) => differingMemories(db.pool, batch),
  });
  return (device, believed) => {
    compare({ device, believed })
      .then((memory) => memory && transport.publish(device.address, "memory", { memory }))
      .catch((error: unknown) => log.debug({ err: error, address: device.address }, "a log was not compared"));
  };
}
