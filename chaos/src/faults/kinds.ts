import { agentNames, links, serverNames } from "../stage/topology.ts";

/** A kind of fault. On links, `hold` keeps bytes back and `cut` resets connections. */
export interface FaultKind {
  readonly name: string;
  /** Relative frequency among all kinds. */
  readonly weight: number;
  /** Names of the parts or links that the fault may hit. */
  readonly targets: readonly string[];
  /** Milliseconds from the strike until the fault is lifted. */
  readonly lasts: readonly [least: number, most: number];
  /** Milliseconds without faults afterwards, so that the target recovers before its next fault. */
  readonly rest: number;
}

const serverLinks = serverNames.flatMap((name) => [links.database(name), links.broker(name)]);
const agentLinks = agentNames.map((name) => links.broker(name));
const allLinks = [links.http, ...serverLinks, ...agentLinks];

export const faultKinds = [
  { name: "server.kill", weight: 10, targets: serverNames, lasts: [0, 3000], rest: 4000 },
  { name: "server.stop", weight: 5, targets: serverNames, lasts: [0, 500], rest: 5000 },
  { name: "server.pause", weight: 7, targets: serverNames, lasts: [500, 6000], rest: 1000 },
  { name: "servers.kill", weight: 2, targets: ["servers"], lasts: [100, 1500], rest: 5000 },
  { name: "broker.kill", weight: 6, targets: ["broker"], lasts: [0, 3000], rest: 3000 },
  { name: "broker.pause", weight: 5, targets: ["broker"], lasts: [500, 5000], rest: 1000 },
  { name: "database.kill", weight: 4, targets: ["database"], lasts: [0, 5000], rest: 6000 },
  { name: "database.kill_backend", weight: 3, targets: ["database"], lasts: [0, 0], rest: 6000 },
  { name: "database.pause", weight: 2, targets: ["database"], lasts: [500, 3000], rest: 1000 },
  { name: "database.pause_backend", weight: 3, targets: ["database"], lasts: [500, 3000], rest: 1000 },
  { name: "database.go_back", weight: 3, targets: ["database"], lasts: [1000, 5000], rest: 12_000 },
  { name: "agents.kill", weight: 8, targets: agentNames, lasts: [0, 4000], rest: 2000 },
  { name: "agents.pause", weight: 6, targets: agentNames, lasts: [500, 8000], rest: 1000 },
  { name: "link.cut", weight: 14, targets: allLinks, lasts: [0, 1000], rest: 500 },
  { name: "link.hold", weight: 12, targets: allLinks, lasts: [500, 5000], rest: 500 },
  { name: "link.hold_and_cut", weight: 8, targets: allLinks, lasts: [500, 3000], rest: 500 },
] as const satisfies readonly FaultKind[];

/**
 * Faults of a database with a standby. A lease of 20 s has to run out before the standby leads, and a machine that comes
 * back has to catch up before the next fault: two machines that are hurt at once have nobody to lead.
 */
const clusterKinds = [
  { name: "leader.kill", weight: 6, targets: ["database"], lasts: [1000, 25_000], rest: 30_000 },
  // Lifting it takes as long as the lease.
  { name: "leader.kill_behind", weight: 6, targets: ["database"], lasts: [1000, 4000], rest: 55_000 },
  { name: "leader.kill_postgres", weight: 4, targets: ["database"], lasts: [0, 0], rest: 25_000 },
  { name: "leader.kill_patroni", weight: 4, targets: ["database"], lasts: [5000, 35_000], rest: 25_000 },
  { name: "leader.pause", weight: 6, targets: ["database"], lasts: [1000, 35_000], rest: 25_000 },
  { name: "leader.isolate", weight: 5, targets: ["database"], lasts: [5000, 35_000], rest: 25_000 },
  { name: "leader.switchover", weight: 3, targets: ["database"], lasts: [0, 0], rest: 20_000 },
  { name: "standby.kill", weight: 3, targets: ["database"], lasts: [0, 10_000], rest: 20_000 },
  { name: "standby.pause", weight: 3, targets: ["database"], lasts: [1000, 12_000], rest: 20_000 },
  { name: "etcd.kill", weight: 3, targets: ["database"], lasts: [0, 15_000], rest: 15_000 },
] as const satisfies readonly FaultKind[];

const withoutDatabase = faultKinds.filter(({ name }) => !name.startsWith("database."));

/** Which database a run has. */
export type DatabaseName = "embedded" | "patroni";

/** Returns the kinds of faults that a run with that database has. */
export function kindsFor(database: DatabaseName): readonly Kind[] {
  return database === "patroni" ? [...withoutDatabase, ...clusterKinds] : faultKinds;
}

export type Kind = FaultKind & { readonly name: FaultName };
export type FaultName = (typeof faultKinds)[number]["name"] | (typeof clusterKinds)[number]["name"];
