/** What the runs with broken parts have in common; `minutes`, faults and programs differ. */
export const smallRun = {
  seed: 1,
  minutes: 0.1,
  gap: 1,
  terminals: 12,
  clients: 8,
  database: "embedded",
  standby: "synchronous",
  keep: false,
  say: () => {},
} as const;
