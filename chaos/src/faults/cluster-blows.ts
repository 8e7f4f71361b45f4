import type { PatroniCluster } from "@tillkeeper/stage/postgres/patroni/cluster";
import type { Member } from "@tillkeeper/stage/postgres/patroni/member";
import { until } from "@tillkeeper/stage/until";
import { PatroniDatabase } from "../stage/patroni-database.ts";
import type { Stage } from "../stage/stage.ts";
import type { Blow } from "./blow.ts";

/** Longer than the leader's lease. */
const successionMs = 60_000;
const lookEveryMs = 200;

/** Machines that a fault has hit, until it is lifted; the leader may have changed meanwhile. */
const hit = new WeakMap<object, Member>();

/** Makes a fault of one machine: the leader, or the other one. */
function onMachine(
  role: "leader" | "standby",
  strike: (member: Member) => void | Promise<void>,
  lift: (member: Member) => void | Promise<void>,
): Blow {
  return {
    strike: async (stage, fault) => {
      const member = await clusterOf(stage)[role]();
      if (!member) throw new Error(`there is no ${role}`);
      hit.set(fault, member);
      await strike(member);
    },
    lift: async (_, fault) => {
      const member = hit.get(fault);
      if (member) await lift(member);
    },
  };
}

const start = (member: Member) => member.start();
const resume = (member: Member) => member.resume();

const held = onMachine("leader", (member) => member.holdReplication(), resume);

/** Inflicts and lifts each fault of a database with a standby. */
export const clusterBlows = {
  "leader.kill": onMachine("leader", (member) => member.kill(), start),
  // The standby hears nothing for the fault's duration; then the leader dies, and comes back when the standby leads.
  "leader.kill_behind": {
    strike: (stage, fault) => held.strike(stage, fault),
    lift: async (stage, fault) => {
      const member = hit.get(fault);
      if (!member) return;
      await member.kill();
      member.mend();
      try {
        await until(async () => ![undefined, member].includes(await clusterOf(stage).leader()), "another leader", {
          withinMs: successionMs,
          everyMs: lookEveryMs,
        });
      } finally {
        member.start();
      }
    },
  },
  "leader.kill_postgres": onMachine(
    "leader",
    (member) => member.killPostgres(),
    () => {},
  ),
  "leader.kill_patroni": onMachine("leader", (member) => member.killPatroni(), start),
  "leader.pause": onMachine("leader", (member) => member.pause(), resume),
  "leader.isolate": {
    strike: (stage) => clusterOf(stage).isolateLeader(),
    lift: (stage) => clusterOf(stage).mend(),
  },
  "leader.switchover": { strike: (stage) => clusterOf(stage).switchover(), lift: () => {} },
  "standby.kill": onMachine("standby", (member) => member.kill(), start),
  "standby.pause": onMachine("standby", (member) => member.pause(), resume),
  "etcd.kill": {
    strike: (stage) => clusterOf(stage).etcd.end("SIGKILL"),
    lift: (stage) => clusterOf(stage).etcd.start(),
  },
} as const satisfies Record<string, Blow>;

function clusterOf({ database }: Stage): PatroniCluster {
  if (!(database instanceof PatroniDatabase)) throw new Error("the database has no standby");
  return database.cluster;
}
