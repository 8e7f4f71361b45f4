import { Agent } from "@tillkeeper/agent/agent";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";

/** An agent in a process of its own, which a test kills: `node agent-process.ts <url> <address> <password>`. */
const [url = "", address = "", password = ""] = process.argv.slice(2);
new Agent({
  agentName: "process/1",
  credential: { url, address, password },
  handlers: {},
  journal: memoryJournal(undefined),
}).start();
