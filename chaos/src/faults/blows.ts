import { EmbeddedDatabase } from "../stage/embedded-database.ts";
import type { Service } from "../stage/process.ts";
import type { Stage } from "../stage/stage.ts";
import type { Blow } from "./blow.ts";
import { clusterBlows } from "./cluster-blows.ts";
import type { FaultName } from "./kinds.ts";
import type { Fault } from "./schedule.ts";

const doNothing = () => {};

const killed: Blow = {
  strike: (stage, { target }) => serviceOf(stage, target).kill(),
  lift: (stage, { target }) => serviceOf(stage, target).keepUp(),
};

const paused: Blow = {
  strike: (stage, { target }) => serviceOf(stage, target).pause(),
  lift: (stage, { target }) => serviceOf(stage, target).resume(),
};

/** Inflicts and lifts each kind of fault. */
export const blows: Record<FaultName, Blow> = {
  "server.kill": killed,
  "server.stop": { ...killed, strike: (stage, { target }) => serviceOf(stage, target).stop() },
  "server.pause": paused,
  "servers.kill": {
    strike: async ({ servers }) => void (await Promise.all(servers.map(({ service }) => service.kill()))),
    lift: ({ servers }) => {
      for (const { service } of servers) service.keepUp();
    },
  },
  "broker.kill": killed,
  "broker.pause": paused,
  "database.kill": { strike: (stage) => embedded(stage).kill(), lift: (stage) => embedded(stage).comeBack() },
  "database.kill_backend": { strike: (stage, { pick }) => embedded(stage).killBackend(pick), lift: doNothing },
  "database.pause": { strike: (stage) => embedded(stage).pause(), lift: (stage) => embedded(stage).resume() },
  "database.pause_backend": {
    strike: (stage, { pick }) => embedded(stage).pauseBackend(pick),
    lift: (stage) => embedded(stage).resume(),
  },
  // The fault begins with a copy of the database; commits made after the copy are lost when the fault is lifted.
  "database.go_back": { strike: (stage) => embedded(stage).remember(), lift: (stage) => embedded(stage).goBack() },
  ...clusterBlows,
  "agents.kill": killed,
  "agents.pause": paused,
  "link.cut": { strike: (stage, fault) => linkOf(stage, fault).cut(), lift: mend },
  "link.hold": { strike: (stage, fault) => linkOf(stage, fault).hold(), lift: mend },
  "link.hold_and_cut": {
    strike: (stage, fault) => linkOf(stage, fault).hold(),
    lift: (stage, fault) => {
      linkOf(stage, fault).cut();
      mend(stage, fault);
    },
  },
};

function embedded({ database }: Stage): EmbeddedDatabase {
  if (!(database instanceof EmbeddedDatabase)) throw new Error("the database is not the embedded one");
  return database;
}

function mend(stage: Stage, fault: Fault): void {
  linkOf(stage, fault).mend();
}

function serviceOf({ broker, servers, agents }: Stage, target: string): Service {
  const service = [broker, ...servers, ...agents].find((part) => part.service.name === target)?.service;
  if (!service) throw new Error(`there is no ${target}`);
  return service;
}

function linkOf({ links }: Stage, { target }: Fault) {
  const link = links.get(target);
  if (!link) throw new Error(`there is no connection ${target}`);
  return link;
}
