import { randomUUID } from "node:crypto";

/**
 * Returns a function that names the connections of one run of an agent: `{run}.{n}`. By the run, the server tells a
 * device that connects again from a second device with its address.
 */
export function sessionNames(): () => string {
  const run = randomUUID();
  let connections = 0;
  return () => {
    connections += 1;
    return `${run}.${connections}`;
  };
}
