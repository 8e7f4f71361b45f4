import { execFileSync } from "node:child_process";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import { type BrokerWithUsers, deployed } from "./broker.ts";
import { runMosquitto } from "./mosquitto.ts";

const server = { name: "tillkeeper", password: "the-servers-own" };

/** Debian's Mosquitto with a list of users and an access control list. */
export async function mosquittoUsers(): Promise<BrokerWithUsers> {
  const folder = new Folder("mosquitto-users");
  const port = await freePort();
  const users = folder.write("users", "");
  const setPassword = (name: string, password: string) =>
    execFileSync("mosquitto_passwd", ["-b", users, name, password], { stdio: "ignore" });
  setPassword(server.name, server.password);
  const text = deployed("mosquitto/own-rules.conf", {
    "listener 1883 127.0.0.1": `listener ${port} 127.0.0.1`,
    "/etc/mosquitto/tillkeeper.passwd": users,
    "/etc/mosquitto/tillkeeper.acl": folder.write("acl", deployed("mosquitto/tillkeeper.acl", {})),
  });
  // As root, Mosquitto would switch to its own user, which has no access to this folder.
  const path = folder.write("mosquitto.conf", process.getuid?.() === 0 ? `user root\n${text}` : text);
  const running = await runMosquitto(path, port);
  return {
    url: `mqtt://${server.name}:${server.password}@127.0.0.1:${port}`,
    async letIn(address, password) {
      setPassword(address, password);
      running.signal("SIGHUP");
    },
    async stop() {
      await running.end();
      folder.remove();
    },
  };
}
