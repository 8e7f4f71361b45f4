import type { Connection, ConnectionEvents, OpenConnection } from "./connection.ts";

/** How long MQTT may be away before HTTPS stands in. */
const patienceMs = 15_000;

/**
 * MQTT where it gets through, HTTPS where it does not. MQTT is tried all the time, and has the word as soon as it is up;
 * until then the other one carries.
 */
export function withFallback(mqtt: OpenConnection, https: OpenConnection, httpsUrl: string): OpenConnection {
  return (settings) => {
    const { clock, credential, events } = settings;
    let standIn: Connection | undefined;
    let standInUp = false;
    let mqttUp = false;
    let latest = credential;
    let cancelPatience = () => {};

    const standInEvents: ConnectionEvents = {
      up: (session) => {
        standInUp = true;
        events.up(session);
      },
      down: () => {
        if (!standInUp) return;
        standInUp = false;
        events.down();
      },
      message: (channel, payload) => events.message(channel, payload),
    };
    const wait = () => {
      cancelPatience = clock.after(patienceMs, () => {
        standIn ??= https({ ...settings, credential: { ...latest, url: httpsUrl }, events: standInEvents });
      });
    };
    const endStandIn = () => {
      cancelPatience();
      standInEvents.down();
      void standIn?.destroy();
      standIn = undefined;
    };
    const main = mqtt({
      ...settings,
      events: {
        up: (session) => {
          mqttUp = true;
          endStandIn();
          events.up(session);
        },
        down: () => {
          mqttUp = false;
          events.down();
          wait();
        },
        message: (channel, payload) => events.message(channel, payload),
      },
    });
    wait();

    const both = (end: (connection: Connection) => Promise<void>) => async () => {
      cancelPatience();
      await Promise.all([end(main), ...(standIn ? [end(standIn)] : [])]);
    };
    return {
      send: (channel, message) => (mqttUp ? main : (standIn ?? main)).send(channel, message),
      proved: () => (mqttUp ? main : (standIn ?? main)).proved(),
      drop: () => {
        main.drop();
        standIn?.drop();
      },
      use: (next) => {
        latest = next;
        main.use(next);
        standIn?.use({ ...next, url: httpsUrl });
      },
      close: both((connection) => connection.close()),
      destroy: both((connection) => connection.destroy()),
    };
  };
}
