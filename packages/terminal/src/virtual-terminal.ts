import { Agent } from "./agent.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { OpenConnection } from "./connection.ts";
import { type Fault, faultOfCommand, faultOfSerial } from "./faults.ts";
import { FaultyLink } from "./faulty-connection.ts";
import type { Journal } from "./journal.ts";
import type { Logger } from "./logger.ts";
import { openMqttConnection } from "./mqtt-connection.ts";
import type { Operation } from "./operation.ts";
import type { TerminalState } from "./terminal-state.ts";
import { virtualOperations } from "./virtual-operations.ts";

/** A terminal to play, with the credential that it connects with. */
export interface VirtualTerminalSpec {
  terminalId: string;
  serialNumber: string;
  mqttUrl: string;
  username: string;
  password: string;
}

export interface VirtualTerminalOptions {
  clock?: Clock;
  log?: Logger;
  /** Milliseconds an operation takes, by chance between the two; both 0 for load. */
  durationMs?: { shortest: number; longest: number };
  /** The fault of all its operations, in place of the one by serial number; a command may still ask for another. */
  fault?: Fault;
  open?: OpenConnection;
  /** As in `AgentOptions`. */
  repeat?: { firstMs: number; longestMs: number };
}

const defaultDurationMs = { shortest: 150, longest: 600 };
const agentName = "tillkeeper-virtual-terminal/0.1.0";

/** A terminal without hardware: an agent whose handlers invent what they answer. It is not started yet. */
export function createVirtualTerminal(
  spec: VirtualTerminalSpec,
  journal: Journal<TerminalState>,
  options: VirtualTerminalOptions = {},
): Agent<TerminalState> {
  const { clock = systemClock, durationMs = defaultDurationMs, open = openMqttConnection, log, repeat } = options;
  const standing = options.fault ?? faultOfSerial(spec.serialNumber);
  const faultOf = ({ parameters }: Operation) => faultOfCommand(parameters) ?? standing;
  const link = new FaultyLink(faultOf);
  return new Agent<TerminalState>({
    terminalId: spec.terminalId,
    credential: { url: spec.mqttUrl, username: spec.username, password: spec.password },
    agentName,
    handlers: virtualOperations({
      serialNumber: spec.serialNumber,
      clock,
      durationMs,
      faultOf,
      nextLink: (signal) => link.nextLink(signal),
    }),
    journal,
    clock,
    open: link.through(open),
    ...(log && { log }),
    ...(repeat && { repeat }),
  });
}
