/** Sizes of the system under test, fixed because the schedule of faults is made before the start. */
const topology = {
  servers: 3,
  /** Number of processes that play terminals. */
  agentProcesses: 3,
} as const;

/** How many accounts share the terminals: a subscription has room for a few requests at a time, however many terminals its account has. */
export function accountsFor(terminals: number): number {
  return Math.max(4, Math.ceil(terminals / 60));
}

export const serverNames = Array.from({ length: topology.servers }, (_, number) => `server-${number}`);
export const agentNames = Array.from({ length: topology.agentProcesses }, (_, number) => `agents-${number}`);

/** Names of the links that faults may hold or cut, by the parts that they connect. */
export const links = {
  /** From the clients through the balancer to the servers. */
  http: "http",
  database: (server: string) => `${server}:database`,
  broker: (process: string) => `${process}:broker`,
};
