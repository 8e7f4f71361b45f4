import { systemClock } from "@tillkeeper/agent/clock";
import type { Connection } from "@tillkeeper/agent/links/connection";
import { sessionNames } from "@tillkeeper/agent/links/session-names";
import { silentLogger } from "@tillkeeper/agent/logger";
import { until } from "@tillkeeper/stage/until";
import { afterEach, describe, expect, test, vi } from "vitest";
import { password } from "../../agent/test/support/broker.ts";
import { FakeClock } from "../../agent/test/support/fake-clock.ts";
import { address, type Scene, useScene } from "../../agent/test/support/scene.ts";
import { Agenda } from "../src/simulation/agenda.ts";
import { SimulatedLink } from "../src/simulation/simulated-link.ts";

const probeId = (number: number) => `3f1a9c2e-8b7d-4f6a-9c1e-00000000000${number}`;

describe("a simulated link", () => {
  let scene: Scene;
  useScene((made) => {
    scene = made;
  });
  const agenda = new Agenda(systemClock);
  let connection: Connection;
  /** The events of the link, as the agent gets them. */
  const events: string[] = [];
  const countOf = (word: string) => events.filter((entry) => entry === word).length;

  afterEach(async () => {
    await connection.destroy();
    events.length = 0;
  });

  async function connect(by = agenda): Promise<SimulatedLink> {
    const link = new SimulatedLink(by, (isUp) => events.push(isUp ? "is up" : "is down"));
    connection = link.open({
      credential: { url: scene.broker.url, address, password },
      clock: systemClock,
      log: silentLogger,
      nextSession: sessionNames(),
      events: {
        up: () => void events.push("up"),
        down: () => void events.push("down"),
        message: (channel) => void events.push(channel),
      },
    });
    await until(() => countOf("up") === 1, "a link");
    return link;
  }

  const answer = (number: number) => connection.send("probe_answer", { probe_id: probeId(number) });
  const answers = () => scene.server.signsOn("probe_answer").map((sign) => sign["probe_id"]);
  const ask = (number: number) =>
    scene.server.send("probe", { probe_id: probeId(number), sent_at: new Date().toISOString() });

  test("that dies without a word lets nothing through, either way, and is another one later", async () => {
    const link = await connect();
    await answer(1);
    await until(() => answers().length === 1, "an answer");
    link.fallSilent(700);
    ask(1);
    void answer(2);
    await until(() => countOf("down") === 1, "the end of the silence");
    expect(answers()).toEqual([probeId(1)]);
    await until(() => countOf("up") === 2, "another link");
    ask(2);
    await answer(3);
    await until(() => answers().length === 2 && countOf("probe") === 1, "messages on it");
    expect(answers()).toEqual([probeId(1), probeId(3)]);
    expect(events.filter((entry) => entry.startsWith("is "))).toEqual(["is up", "is down", "is up"]);
  });

  test("that is slow brings everything later, in order, and is quick again afterwards", async () => {
    const clock = new FakeClock("2026-01-01T00:00:00Z");
    const slowAgenda = new Agenda(clock);
    const link = await connect(slowAgenda);
    const noted = vi.spyOn(slowAgenda, "note");
    link.slowDown(400, 200);
    const first = answer(1);
    clock.advance(250);
    // After the slow phase, later messages still do not overtake delayed ones.
    const second = answer(2);
    ask(1);
    // Four timers: the end of the slow phase, two answers, and the probe.
    await until(() => noted.mock.calls.length === 4, "messages on their way, in both directions");
    expect({ answers: answers(), asked: countOf("probe") }).toEqual({ answers: [], asked: 0 });
    clock.advance(150);
    await Promise.all([first, second]);
    await until(() => answers().length === 2 && countOf("probe") === 1, "what was slow");
    expect(answers()).toEqual([probeId(1), probeId(2)]);
    // The clock did not move.
    await answer(3);
    await until(() => answers().length === 3, "what is quick");
  });

  test("that is mended is there at once, and resolves with the next welcome", async () => {
    const link = await connect();
    link.fallSilent(60_000);
    const mended = link.mend().then(() => events.push("mended"));
    await until(() => countOf("up") === 2, "another link");
    expect(countOf("mended")).toBe(0);
    const sent_at = new Date().toISOString();
    await connection.send("hello", { protocol: 1, agent: "test", sent_at, session: "test", operations: [] });
    await mended;
    await link.mend();
  });
});
