import type { Config } from "@tillkeeper/server/config/config";
import type { VirtualTerminalSpec } from "@tillkeeper/server/virtual-terminals/virtual-terminals";

/** The messages from the tests to a server in a process of its own. */
export type ToReplica =
  | { kind: "start"; config: Config; aheadMs: number; steppedMs: number; hosting: boolean }
  | { kind: "clock"; turn: number; aheadMs: number; steppedMs: number }
  | { kind: "hosted"; turn: number; error?: string };

/** The messages from that server to the tests. */
export type FromReplica =
  | { kind: "listening" }
  | { kind: "failed"; message: string }
  | { kind: "moved"; turn: number }
  | { kind: "host"; turn: number; start: VirtualTerminalSpec }
  | { kind: "host"; turn: number; stop: string };
