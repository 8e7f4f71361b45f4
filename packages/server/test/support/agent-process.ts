import { Agent } from "@tillkeeper/terminal/agent";
import { memoryJournal } from "@tillkeeper/terminal/journal";

/** An agent in a process of its own, to be killed: `node agent-process.ts <url> <terminal id> <password>`. */
const [url = "", terminalId = "", password = ""] = process.argv.slice(2);
new Agent({
  terminalId,
  agentName: "process/1",
  credential: { url, username: terminalId, password },
  handlers: {},
  journal: memoryJournal(undefined),
}).start();
