import { join, resolve } from "node:path";
import type { Config } from "@tillkeeper/server/config/config";
import type { RunningServer } from "@tillkeeper/server/main";
import { firstRequests } from "@tillkeeper/server/sandbox/first-requests";
import { colours } from "./colours.ts";
import { columns } from "./columns.ts";

type Sandbox = NonNullable<RunningServer["sandbox"]>;

/** The text that a sandbox prints once it runs: where it listens, its credentials, and three requests to paste. */
export function sandboxBlock({ httpUrl, mqttUrl, sandbox }: RunningServer, config: Config): string {
  if (!sandbox) throw new Error("the server runs without a sandbox");
  const folder = resolve(config.dataDir);
  const facts = [
    ["API", httpUrl],
    ...(sandbox.signInLink === undefined ? [] : [["Console, once", sandbox.signInLink]]),
    ["Try it", `${httpUrl}/sandbox`],
    ["Reference", `${httpUrl}/docs`],
    ["MQTT broker", mqttUrl],
    ["Account", sandbox.account_id],
    ["Client id", sandbox.client_id],
    ["Client secret", sandbox.client_secret],
    ["Data folder", folder],
    ["For programs", join(folder, "sandbox.json")],
    ...inColumn("Terminals", sandbox.terminalIds),
  ].map(([name = "", value = ""]) => [colours.dim(name), value]);
  return [
    "",
    colours.bold("Tillkeeper sandbox"),
    "",
    ...columns(facts, "  "),
    ...withGap(portNotes({ httpUrl, mqttUrl }, config)),
    ...withGap(requestLines(httpUrl, sandbox)),
    "",
    "Ctrl-C ends it.",
  ].join("\n");
}

/** Rows for several values of one name, which stands beside the first value only. */
function inColumn(name: string, values: readonly string[]): string[][] {
  return values.map((value, index) => [index === 0 ? name : "", value]);
}

function withGap(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

type Addresses = Pick<RunningServer, "httpUrl" | "mqttUrl">;

/** Notes on default ports that another program holds: the server took other ports, which callers have to know. */
function portNotes({ httpUrl, mqttUrl }: Addresses, { http, mqtt, publicUrl }: Config): string[] {
  const listeners = [
    { what: "the API", port: http.port, url: publicUrl === undefined ? httpUrl : undefined },
    { what: "the MQTT broker", port: mqtt.port, url: mqtt.outsideUrl === undefined ? mqttUrl : undefined },
  ];
  return listeners.flatMap(({ what, port, url }) => {
    const running = url && new URL(url).port;
    if (!running || port.configured || Number(running) === port.number) return [];
    return [colours.yellow(`Port ${port.number} is in use by another program, so ${what} listens on ${running}.`)];
  });
}

function requestLines(httpUrl: string, sandbox: Sandbox): string[] {
  const requests = firstRequests({ ...sandbox, http_url: httpUrl });
  if (requests.length === 0) return [];
  return [
    "Paste these lines: get a token, close the day of a terminal, wait until it is closed and see how it went.",
    "",
    ...requests,
  ];
}
