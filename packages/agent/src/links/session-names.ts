import { randomUUID } from "node:crypto";

/**
 * Names for the connections of one run of an agent: `{run}.{n}`. By the run the server knows that it is still the same
 * device, and that two which use one address are two.
 */
export function sessionNames(): () => string {
  const run = randomUUID();
  let connections = 0;
  return () => {
    connections += 1;
    return `${run}.${connections}`;
  };
}
