import { Agent } from "@tillkeeper/agent/agent";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { readMessage } from "@tillkeeper/agent/talk/wire";
import type { DeviceAccess } from "../seed.ts";
import { notifyParent, serveParent } from "./serve-parent.ts";

const agents: Agent[] = [];
/** Ids of all operations for which a handler was called. */
const begun = new Set<string>();
let begunTwice = 0;
/** Milliseconds from beginning to answering a close: a random time between the two. */
let closesTake = { least: 0, most: 0 };

/** Starts an agent for each device; resolves when the server has sent a welcome to every agent. */
async function start({ mqttUrl, devices }: { mqttUrl: string; devices: DeviceAccess[] }): Promise<void> {
  await Promise.all(
    devices.map(({ address, password }) => {
      return new Promise<void>((welcomed) => {
        const agent = new Agent({
          credential: { url: mqttUrl, address, password },
          agentName: "bench",
          handlers: {
            open_menu: { run: ({ operation_id: id }) => openMenu(id) },
            end_of_day: { run: ({ operation_id: id }) => endOfDay(id) },
          },
          journal: memoryJournal(undefined),
          open: (settings) =>
            openMqttConnection({
              ...settings,
              events: {
                up: (session) => settings.events.up(session),
                down: () => settings.events.down(),
                message: (channel, payload) => {
                  settings.events.message(channel, payload);
                  if (channel === "welcome") welcomed();
                  if (channel === "receipt") reportReceipt(payload);
                },
              },
            }),
        });
        agents.push(agent);
        agent.start();
      });
    }),
  );
}

function noteBegin(operationId: string): void {
  if (begun.has(operationId)) begunTwice += 1;
  begun.add(operationId);
}

async function endOfDay(operationId: string) {
  noteBegin(operationId);
  const { least, most } = closesTake;
  if (most > 0) await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
  const result = {
    outcome: "accepted" as const,
    batch_id: operationId.slice(-12),
    sale_amount: 12_345,
    currency: "NOK",
  };
  return { status: "COMPLETED" as const, result };
}

async function openMenu(operationId: string) {
  noteBegin(operationId);
  return { status: "COMPLETED" as const, result: { opened: true } };
}

/** Notifies the parent of a receipt: the key is the operation's id, the value the state that the server stored. */
function reportReceipt(payload: Uint8Array): void {
  const incoming = readMessage("receipt", payload);
  if (incoming.channel === "receipt") notifyParent(incoming.message.operation_id, incoming.message.status);
}

async function stop(): Promise<void> {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
}

serveParent(
  {
    start,
    /** Says how long closes take from now on. */
    closesTake: (range: typeof closesTake) => {
      closesTake = range;
    },
    /** Stops all agents; each says goodbye to the server. */
    leave: stop,
    begun: () => ({ begun: begun.size, begunTwice }),
  },
  stop,
);
