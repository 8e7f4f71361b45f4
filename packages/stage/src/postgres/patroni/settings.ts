import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the configuration files that operators get. */
const deploy = fileURLToPath(new URL("../../../../../deploy/patroni/", import.meta.url));

/** Passwords of the cluster's users. */
export interface Passwords {
  superuser: string;
  replication: string;
}

export interface MemberSettings {
  name: string;
  folder: string;
  ports: { postgres: number; rest: number };
  /** Ports at which the other member reaches this one. */
  peers: { postgres: number; rest: number };
  etcdPort: number;
  passwords: Passwords;
  synchronous: boolean;
}

/** Returns Patroni's configuration file as operators get it, with the addresses of this machine. */
export function patroniSettings(settings: MemberSettings): string {
  const { name, folder, ports, peers, etcdPort, passwords, synchronous } = settings;
  return filled("patroni.yml", {
    "name: <name>": `name: ${name}`,
    "  listen: <address>:8008": `  listen: 127.0.0.1:${ports.rest}`,
    "connect_address: <address>:8008": `connect_address: 127.0.0.1:${peers.rest}`,
    // Patroni would otherwise ask etcd for its own addresses and go past the link.
    "hosts: [<etcd-1>:2379, <etcd-2>:2379, <etcd-3>:2379]": `hosts: [127.0.0.1:${etcdPort}]\n  use_proxies: true`,
    "synchronous_mode: true": `synchronous_mode: ${synchronous}`,
    "  listen: <address>:5432": `  listen: 127.0.0.1:${ports.postgres}`,
    "connect_address: <address>:5432": `connect_address: 127.0.0.1:${peers.postgres}`,
    "/var/lib/postgresql/15/tillkeeper": join(folder, "cluster"),
    // Every connection comes by TCP, as in a real cluster.
    "/var/lib/postgresql/tillkeeper.pgpass": `${join(folder, "pgpass")}\n  parameters:\n    unix_socket_directories: ""`,
    "<network>": "127.0.0.1/32",
    "<superuser password>": passwords.superuser,
    "<replication password>": passwords.replication,
  });
}

/** Returns HAProxy's configuration file as operators get it, with the addresses of this machine. */
export function haproxySettings(port: number, members: readonly { postgres: number; rest: number }[]): string {
  const places = members.map(({ postgres, rest }, index): [string, string] => [
    `<address-${index + 1}>:5432 check port 8008`,
    `127.0.0.1:${postgres} check port ${rest}`,
  ]);
  return filled("haproxy.cfg", { "bind 127.0.0.1:5000": `bind 127.0.0.1:${port}`, ...Object.fromEntries(places) });
}

function filled(file: string, places: Record<string, string>): string {
  let text = readFileSync(join(deploy, file), "utf8");
  for (const [place, here] of Object.entries(places)) {
    if (!text.includes(place)) throw new Error(`${file} has no ${place}`);
    text = text.replaceAll(place, here);
  }
  return text;
}
