import type { TestServer } from "@tillkeeper/stage/servers/test-server";
import { expect } from "vitest";
import { type AgentArguments, AgentProcess, type ProgramName } from "./agents.ts";
import type { Desk } from "./desk.ts";
import type { Stage } from "./stage.ts";

/** The arguments of a test case: the stage, and the program under test. */
export interface Scene {
  stage: () => Stage;
  program: ProgramName;
}

/** The server and the settings that a device connects with. */
interface Place extends Pick<Desk<Pick<TestServer, "call" | "url">>, "server" | "see" | "folder"> {
  transport: AgentArguments["transport"];
  mqttVersion?: AgentArguments["mqttVersion"];
  caFile?: string | undefined;
}

interface DeviceScene {
  stage: () => Place;
  program: ProgramName;
}

interface Cleanup {
  onTestFinished: (end: () => Promise<void>) => void;
}

/** A device with its folder, and the program that runs on it at the moment. */
export class SuiteDevice {
  readonly id: string;
  readonly serial: string;
  readonly #arguments: AgentArguments;
  readonly #scene: DeviceScene;
  readonly #cleanup: Cleanup;
  #running: AgentProcess | undefined;

  constructor(
    scene: DeviceScene,
    cleanup: Cleanup,
    who: { id: string; serial: string },
    more: Partial<AgentArguments> = {},
  ) {
    const stage = scene.stage();
    this.id = who.id;
    this.serial = who.serial;
    this.#scene = scene;
    this.#cleanup = cleanup;
    this.#arguments = {
      server: stage.server.url,
      serial: who.serial,
      state: stage.folder(),
      transport: stage.transport,
      mqttVersion: stage.mqttVersion,
      ca: stage.caFile,
      ...more,
    };
  }

  get agent(): AgentProcess {
    if (!this.#running) throw new Error("no program runs on the device");
    return this.#running;
  }

  get folder(): string {
    return this.#arguments.state;
  }

  /** Starts the program. Only the first start needs a pairing code. */
  start(code?: string): AgentProcess {
    const agent = new AgentProcess(this.#scene.program, { ...this.#arguments, code });
    this.#cleanup.onTestFinished(async () => void (await agent.kill()));
    this.#running = agent;
    return agent;
  }

  /** Resolves when the program has connected `times` times, and the server shows the terminal as online. */
  async online(times = 1): Promise<void> {
    await this.agent.until({ event: "connected", terminal_id: this.id }, { times });
    await this.#scene.stage().see.until(this.id, "online");
  }
}

/** Starts a device that pairs, and waits until it is online. */
export async function pairedDevice(
  scene: Scene,
  cleanup: Cleanup,
  more: Partial<AgentArguments> = {},
  registeredAs = more.model,
): Promise<SuiteDevice> {
  const { code, ...who } = await scene.stage().register(registeredAs);
  const device = new SuiteDevice(scene, cleanup, who, more);
  device.start(code);
  await device.agent.until({ event: "paired", terminal_id: device.id });
  await device.online();
  return device;
}

/** Starts a device, and waits until its terminal is ACTIVE. */
export async function activeDevice(scene: Scene, cleanup: Cleanup): Promise<SuiteDevice> {
  const device = await pairedDevice(scene, cleanup);
  await scene.stage().perform(device.id, "check_update");
  expect(await scene.stage().statusOf(device.id)).toBe("ACTIVE");
  return device;
}
