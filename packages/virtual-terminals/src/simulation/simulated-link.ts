import type { Connection, ConnectionSettings } from "@tillkeeper/agent/links/connection";
import { type MqttLink, openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import type { Agenda } from "./agenda.ts";

/** A way to connect that can be made bad. */
export class SimulatedLink {
  readonly #agenda: Agenda;
  readonly #changed: (isUp: boolean) => void;
  #link: MqttLink | undefined;
  #isUp = false;
  #silent = false;
  #welcomed = false;
  readonly #waiting = new Set<() => void>();
  #delayMs = 0;
  /** Nothing overtakes what was slow: not before this instant, by the agenda's clock. */
  #lastAt = 0;

  /** `changed` is told when a link comes up and goes down. */
  constructor(agenda: Agenda, changed: (isUp: boolean) => void) {
    this.#agenda = agenda;
    this.#changed = changed;
  }

  readonly open = (settings: ConnectionSettings): Connection => {
    const link = openMqttConnection({ ...settings, events: this.#events(settings.events, () => this.#link === link) });
    this.#link = link;
    this.#delayMs = 0;
    const end = () => {
      if (this.#link === link) this.#link = undefined;
      this.#turn(false);
    };
    return {
      send: (channel, message) => this.#send(link, () => link.send(channel, message)),
      proved: () => link.proved(),
      drop: () => link.drop(),
      use: (credential) => link.use(credential),
      close: () => {
        end();
        return link.close();
      },
      destroy: () => {
        end();
        return link.destroy();
      },
    };
  };

  /** The link breaks. */
  drop(): void {
    this.#link?.drop();
  }

  /** The link dies without a word: nothing comes or goes any more, until one side notices or the time is over. */
  fallSilent(lastsMs: number): void {
    const link = this.#link;
    if (!link || !this.#isUp || this.#silent) return;
    this.#silent = true;
    link.stall();
    this.#agenda.noteIn(lastsMs, () => {
      if (this.#silent && this.#link === link) link.drop();
    });
  }

  slowDown(delayMs: number, lastsMs: number): void {
    this.#delayMs = delayMs;
    this.#agenda.noteIn(lastsMs, () => {
      this.#delayMs = 0;
    });
  }

  /** Whatever ails the link is over. Resolves when the server has said welcome on it, at once if it has. */
  mend(): Promise<void> {
    this.#delayMs = 0;
    this.#lastAt = 0;
    if (this.#silent) this.#link?.drop();
    return new Promise((resolve) => {
      if (this.#welcomed && !this.#silent) resolve();
      else this.#waiting.add(resolve);
    });
  }

  #events(events: ConnectionSettings["events"], isCurrent: () => boolean): ConnectionSettings["events"] {
    return {
      up: (session) => {
        this.#turn(true);
        events.up(session);
      },
      down: () => {
        this.#turn(false);
        events.down();
      },
      message: (channel, payload) => {
        if (this.#silent) return;
        this.#later(() => {
          if (isCurrent()) events.message(channel, payload);
          if (isCurrent() && channel === "welcome") this.#greeted();
        });
      },
    };
  }

  #greeted(): void {
    this.#welcomed = true;
    for (const goOn of this.#waiting) goOn();
    this.#waiting.clear();
  }

  #turn(isUp: boolean): void {
    this.#silent = false;
    this.#welcomed = false;
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#changed(isUp);
  }

  #send(link: MqttLink, send: () => Promise<void>): Promise<void> {
    if (this.#delayMs === 0 && this.#agenda.now() >= this.#lastAt) return send();
    return new Promise((resolve) => {
      this.#later(() => {
        if (this.#link === link) void send().then(resolve);
        else resolve();
      });
    });
  }

  #later(act: () => void): void {
    const at = Math.max(this.#agenda.now() + this.#delayMs, this.#lastAt);
    if (at <= this.#agenda.now()) return act();
    this.#lastAt = at;
    this.#agenda.note(at, act);
  }
}
