import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import type { DeviceAccess } from "../parts/seed.ts";
import { BenchTerminals } from "./bench-terminals.ts";
import { serveParent } from "./serve-parent.ts";

const terminals = new BenchTerminals();
/** A system's queue of connections that wait to be accepted is short: the others would try again and again. */
const atOnce = 500;

/** Starts an agent for each device; resolves when the server has sent a welcome to every agent. */
async function start({ mqttUrl, devices }: { mqttUrl: string; devices: DeviceAccess[] }): Promise<void> {
  const waiting = devices.values();
  const connect = async () => {
    for (const { address, password } of waiting)
      await terminals.start({ url: mqttUrl, address, password }, openMqttConnection);
  };
  await Promise.all(Array.from({ length: atOnce }, connect));
}

serveParent(
  {
    start,
    /** Says how long closes take from now on. */
    closesTake: (range: typeof terminals.closesTake) => {
      terminals.closesTake = range;
    },
    leave: () => terminals.stop(),
    begun: () => terminals.counted(),
  },
  () => terminals.stop(),
);
