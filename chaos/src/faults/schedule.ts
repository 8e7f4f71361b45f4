import { createRandom, type Random } from "@tillkeeper/stage/programs/random";
import { serverNames } from "../stage/topology.ts";
import { type FaultKind, type FaultName, faultKinds } from "./kinds.ts";

/** One blow: when, to what, and for how long. */
export interface Fault {
  /** Milliseconds since the clients began. */
  atMs: number;
  kind: FaultName;
  target: string;
  /** Milliseconds until it is lifted. */
  forMs: number;
  /** From 0 up to 1: chooses among what is known only then, such as the processes of the database. */
  pick: number;
}

/** Milliseconds between two blows. */
const gapMs = [400, 1600] as const;
/** Before the first blow everything works, and before the end the last one has been lifted. */
const calmMs = 1_000;
/** Also a short run has the database go back once. */
const goesBackAs = 4;

/**
 * The whole list of faults, from seed and length alone. No target is hit while it is still down or just coming back, at
 * least one server is left unhurt by faults to single servers, and every fault is lifted before the end.
 */
export function makeSchedule({ seed, minutes }: { seed: number; minutes: number }): Fault[] {
  const random = createRandom(seed);
  const endMs = minutes * 60_000 - calmMs;
  const free = new Map<string, number>();
  const faults: Fault[] = [];
  for (let atMs: number = calmMs; atMs < endMs; atMs += random.integer(...gapMs)) {
    const kind = faults.length + 1 === goesBackAs ? goBack : weighted(random);
    const target = random.pick(kind.targets);
    const [least, most]: FaultKind["lasts"] = kind.lasts;
    const forMs = random.integer(least, most);
    const pick = random.next();
    const hit = partsHit(kind, target);
    if (atMs + forMs > endMs || hit.some((part) => (free.get(part) ?? 0) > atMs)) continue;
    if (hit.length === 1 && isServer(hit[0]) && unhurtServers(free, atMs) < 2) continue;
    for (const part of hit) free.set(part, atMs + forMs + kind.rest);
    faults.push({ atMs, kind: kind.name, target, forMs, pick });
  }
  return faults;
}

const goBack = faultKinds.find(({ name }) => name === "database.go_back") ?? faultKinds[0];

function weighted(random: Random): (typeof faultKinds)[number] {
  const total = faultKinds.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.next() * total;
  for (const kind of faultKinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return faultKinds[0];
}

/** A fault on a link counts as one to the process at its end. */
function partsHit({ name }: Pick<FaultKind, "name">, target: string): string[] {
  if (name === "servers.kill") return serverNames;
  return [target.split(":")[0] as string];
}

function isServer(part: string | undefined): boolean {
  return part !== undefined && serverNames.includes(part);
}

function unhurtServers(free: Map<string, number>, atMs: number): number {
  return serverNames.filter((name) => (free.get(name) ?? 0) <= atMs).length;
}
