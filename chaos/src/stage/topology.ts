/** What a run consists of; the schedule of faults is made for it before anything is started. */
export const topology = {
  servers: 3,
  /** Processes that play terminals. */
  agentProcesses: 3,
  accounts: 4,
} as const;

export const serverNames = Array.from({ length: topology.servers }, (_, number) => `server-${number}`);
export const agentNames = Array.from({ length: topology.agentProcesses }, (_, number) => `agents-${number}`);

/** The TCP connections that faults may cut, by what they lie between. */
export const links = {
  /** Clients to servers: the balancer. */
  http: "http",
  database: (server: string) => `${server}:database`,
  broker: (process: string) => `${process}:broker`,
};
