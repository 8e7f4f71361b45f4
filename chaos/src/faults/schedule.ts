import { createRandom, type Random } from "@tillkeeper/stage/programs/random";
import { serverNames } from "../stage/topology.ts";
import { type DatabaseName, type FaultKind, type FaultName, type Kind, kindsFor } from "./kinds.ts";

/** One fault of the schedule. */
export interface Fault {
  /** Milliseconds from the start of the clients to the strike. */
  atMs: number;
  kind: FaultName;
  target: string;
  /** Milliseconds from the strike until the fault is lifted. */
  forMs: number;
  /** From 0 up to 1: chooses among targets known only at the strike, such as the processes of the database. */
  pick: number;
}

/** Milliseconds between two faults, for each second of the average. */
const gapMs = [400, 1600] as const;
/** Milliseconds without faults at the start and at the end of the load. */
const calmMs = 1_000;
/** The fault at this position takes the last seconds from the database, so that short runs have one, too. */
const lossPosition = 4;
const loss = { embedded: "database.go_back", patroni: "leader.kill_behind" } as const;

/**
 * Returns all faults of a run; seed and length alone determine them. No target is hit while it is down or recovering.
 * Faults to single servers leave at least one server unhurt, and every fault is lifted before the end.
 */
export function makeSchedule({
  seed,
  minutes,
  gap = 1,
  database = "embedded",
}: {
  seed: number;
  minutes: number;
  /** Seconds between two faults, on average. */
  gap?: number;
  database?: DatabaseName;
}): Fault[] {
  const random = createRandom(seed);
  const kinds = kindsFor(database);
  const losing = kinds.find(({ name }) => name === loss[database]) as Kind;
  const endMs = minutes * 60_000 - calmMs;
  const freeAt = new Map<string, number>();
  const faults: Fault[] = [];
  for (let atMs: number = calmMs; atMs < endMs; atMs += Math.round(gap * random.integer(...gapMs))) {
    const kind = faults.length + 1 === lossPosition ? losing : pickWeighted(random, kinds);
    const target = random.pick(kind.targets);
    const [least, most]: FaultKind["lasts"] = kind.lasts;
    const forMs = random.integer(least, most);
    const pick = random.next();
    const hit = partsHit(kind, target);
    if (atMs + forMs > endMs || hit.some((part) => (freeAt.get(part) ?? 0) > atMs)) continue;
    if (hit.length === 1 && isServer(hit[0]) && unhurtServers(freeAt, atMs) < 2) continue;
    for (const part of hit) freeAt.set(part, atMs + forMs + kind.rest);
    faults.push({ atMs, kind: kind.name, target, forMs, pick });
  }
  return faults;
}

function pickWeighted(random: Random, kinds: readonly Kind[]): Kind {
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.next() * total;
  for (const kind of kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return kinds[0] as Kind;
}

/** Parts that a fault hits: a fault on a link counts as a fault of the process that uses the link. */
function partsHit({ name }: Pick<FaultKind, "name">, target: string): string[] {
  if (name === "servers.kill") return serverNames;
  return [target.split(":")[0] as string];
}

function isServer(part: string | undefined): boolean {
  return part !== undefined && serverNames.includes(part);
}

function unhurtServers(freeAt: Map<string, number>, atMs: number): number {
  return serverNames.filter((name) => (freeAt.get(name) ?? 0) <= atMs).length;
}
