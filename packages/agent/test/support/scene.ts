import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tillkeeper/stage/until";
import { afterEach, beforeEach } from "vitest";
import { TestBroker } from "./broker.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** The terminal of every scene, and the address of its device. */
export const terminalId = "T00000001-T0001";
export const address = `${terminalId}-D1`;

/** A broker, a scripted server and an empty folder, new for each test and removed after it. */
export interface Scene {
  broker: TestBroker;
  server: ScriptedServer;
  folder: string;
}

/**
 * Gives each test of a file a scene, through `set`. A test fails when its terminal sent a message against the contract,
 * or left a connection open.
 */
export function useScene(set: (scene: Scene) => void): void {
  let scene: Scene;

  beforeEach(async () => {
    const broker = await TestBroker.start();
    const folder = await mkdtemp(join(tmpdir(), "tillkeeper-terminal-"));
    scene = { broker, server: new ScriptedServer(broker, address), folder };
    set(scene);
  });

  afterEach(async () => {
    const { broker, server, folder } = scene;
    await until(() => broker.openConnections === 0, "no open connection");
    server.assertNoFaults();
    await broker.close();
    await rm(folder, { recursive: true });
  });
}
