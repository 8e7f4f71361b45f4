/** What one device did, as it knows itself. Times are those of the simulated clock, in epoch milliseconds. */
export interface DeviceHistory {
  sales: { at: number; count: number; amount: number }[];
  closes: DeviceClose[];
}

/** A command to close that the device began. */
export interface DeviceClose {
  at: number;
  operationId: string;
  /** closed: the batch is closed. died: it is closed, and the device lost its power before it told the server. */
  outcome: "closed" | "died" | "device" | "host";
  /** Of the batch that was closed. */
  batch?: { id: string; count: number; amount: number };
}
