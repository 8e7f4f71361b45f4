import { mqttVersions } from "@tillkeeper/agent/links/mqtt-version";
import { operationNames } from "@tillkeeper/contract/operations";
import { Command, Option } from "commander";
import type { AgentOptions } from "../commands/agent.ts";

/** `tillkeeper agent`: a device without hardware that pairs, connects and carries out operations like a real one. */
export function agentCommand(): Command {
  return new Command("agent")
    .option("--server <url>", "the server's address; not needed again once paired")
    .option("--serial <number>", "the device's serial number, as it is registered; not needed again once paired")
    .addOption(new Option("--code <code>", "the pairing code; not needed again once paired").conflicts("qr"))
    .option("--qr <text>", "what the QR code of the pairing says, in place of server, serial number and code")
    .requiredOption("--state <folder>", "where the device keeps its keys and its journal")
    .addOption(
      new Option("--transport <name>", "how it connects; auto is MQTT, and HTTPS where MQTT does not get through")
        .choices(["auto", "mqtt", "https"])
        .default("auto"),
    )
    .addOption(
      new Option(
        "--mqtt-version <version>",
        "the version of MQTT; auto is 5, and 3.1.1 where the broker does not support 5",
      )
        .choices(mqttVersions)
        .default("auto"),
    )
    .option("--release-keys <file>", "JWK set of the keys whose releases it installs; none without it")
    .option(
      "--model <model>",
      "the device's model: releases for other models are not installed; without it the server's word counts",
    )
    .addOption(
      new Option("--lacks <operations...>", "what it cannot do: its hello says so, and it answers unsupported")
        .choices(operationNames)
        .default([]),
    )
    .option("--json", "print one JSON object per event, in place of words")
    .action(async (options: AgentOptions) => (await import("../commands/agent.ts")).runAgent(options));
}
