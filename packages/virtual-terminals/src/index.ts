export { type Fault, faultNames } from "./virtual/faults.ts";
export { createVirtualFleet, type VirtualFleet, type VirtualFleetOptions } from "./virtual/fleet.ts";
export { VirtualTerminal } from "./virtual/terminal.ts";
export type { VirtualTerminalOptions, VirtualTerminalSpec } from "./virtual/terminal-options.ts";
