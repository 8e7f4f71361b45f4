export { type Fault, faultNames } from "./virtual/faults.ts";
export { createVirtualFleet, type VirtualFleet, type VirtualFleetOptions } from "./virtual/fleet.ts";
export { VirtualTerminal, type VirtualTerminalOptions, type VirtualTerminalSpec } from "./virtual/terminal.ts";
