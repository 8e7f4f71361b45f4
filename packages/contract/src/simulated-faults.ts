/** The faults of a virtual terminal, in the order of the serial numbers 901, 902, … */
export const simulatedFaults = {
  no_answer: "The command is taken and forgotten: not begun, not answered.",
  late_answer: "The answer comes 2 seconds after the window has closed.",
  twice: "The start and the result are each sent twice.",
  failure: "FAILED, reason device_error.",
  busy_payment:
    "A payment begins with the command: FAILED, reason busy_payment, or waited for where the command says so.",
  slow: "COMPLETED after 70 % of the window.",
  disconnect: "The connection breaks after the start; the answer comes over the next one.",
  refuses_cancel: "COMPLETED after 70 % of the window; what has begun cannot be cancelled.",
  user_aborted: "FAILED, reason user_aborted.",
  host_unreachable: "end_of_day: FAILED, reason host_unreachable; the others as usual.",
  restart: "The terminal loses its power after the start and comes back: FAILED, reason device_error.",
  silent: "The link stays up, but heartbeats stay away and probes go unanswered; from a command on for two minutes.",
  device_fault: "COMPLETED; then the device reports a fault, until a check_update succeeds without one.",
  nameless: "As usual; but the terminal cannot name the batch that it closed last. By serial number only.",
  by_hand: "end_of_day: the day is closed at the terminal first: FAILED, reason out_of_step; the others as usual.",
  no_menu: "The terminal has no menu to open, and says so in its hello. By serial number only.",
  silent_batch: "As usual; but the terminal does not tell what is in its open batch. By serial number only.",
} as const;
export type SimulatedFault = keyof typeof simulatedFaults;

/** The names of all faults, in the order of their serial numbers. */
export const simulatedFaultNames = Object.keys(simulatedFaults).filter(
  (name): name is SimulatedFault => name in simulatedFaults,
);
