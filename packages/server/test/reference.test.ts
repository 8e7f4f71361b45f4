import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { attemptExamples } from "@tillkeeper/contract/closings/attempts.examples";
import { evening, ready } from "@tillkeeper/contract/closings/example-facts";
import { standingOf } from "@tillkeeper/contract/closings/rules";
import { standingExamples } from "@tillkeeper/contract/closings/standings.examples";
import { messageExamples } from "@tillkeeper/contract/mqtt/examples";
import { messages } from "@tillkeeper/contract/mqtt/messages";
import { type DownChannel, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { world } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { asyncApiDocument } from "../src/api-docs/messages/async-api.ts";
import { messagesPage } from "../src/api-docs/messages/messages-page.ts";
import { closingReasonsTable, closingRulesTable, closingStepsTable } from "../src/api-docs/open-api/closing-tables.ts";
import { errorsPage } from "../src/api-docs/open-api/errors-page.ts";
import { outcomesPage } from "../src/api-docs/open-api/outcomes-page.ts";
import { settingsTable } from "../src/config/describe.ts";

const docs = resolve(import.meta.dirname, "../../../docs");

/** Compares a page with its text; `npm run reference` writes the page instead. */
function holds(name: string, text: string): void {
  const path = resolve(docs, name);
  if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8") === text, `docs/${name} is out of date: npm run reference`).toBe(true);
}

/** The page with the text between two marks replaced. */
function withPart(name: string, part: string, text: string): string {
  const [begin, end] = [`<!-- ${part}: npm run reference -->\n`, `<!-- end of ${part} -->`];
  const page = readFileSync(resolve(docs, name), "utf8");
  const [before, after] = [page.split(begin)[0], page.split(end)[1]];
  expect(after, `docs/${name} has no place for ${part}`).toBeDefined();
  return `${before}${begin}${text}\n${end}${after}`;
}

/** The states of a terminal to which a rule of closings applies, in the contract's examples. */
function statesOfRule(rule: string) {
  const examples = { ...standingExamples, ...attemptExamples }[rule] ?? [];
  return new Set(examples.map(([, facts, , day = evening]) => standingOf({ ...ready, ...facts }, day).state));
}

describe("the reference pages in docs/", async () => {
  const { server } = await world();

  it("list the settings in README.md", () => {
    holds("../README.md", withPart("../README.md", "settings", settingsTable()));
  });

  it("are what the server answers at /openapi.json", async () => {
    const { body } = await server.call("GET", "/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    holds("openapi.json", `${JSON.stringify(body, null, 2)}\n`);
  });

  it("tell the device protocol, message by message", () => {
    holds("asyncapi.json", `${JSON.stringify(asyncApiDocument(), null, 2)}\n`);
  });

  it("tell its messages field by field", () => {
    holds("device-protocol/messages.md", messagesPage());
  });

  it("show no message that the contract would refuse", () => {
    const channels = Object.keys(messages) as (UpChannel | DownChannel)[];
    const faults = channels.flatMap((channel) => {
      const examples = messageExamples[channel];
      // A channel without an example has none that could be wrong.
      if (examples.length === 0) return [`${channel}: none`];
      const errors = examples.flatMap((example) => [...Value.Errors(messages[channel], example)]);
      return errors.map(({ instancePath, message }) => `${channel}${instancePath} ${message}`);
    });
    expect(faults).toEqual([]);
  });

  it("tell what to do after each outcome of an operation", () => {
    holds("outcomes.md", outcomesPage());
  });

  it("tell the rules, the steps and the reasons of closings", () => {
    const page = "closing-the-day.md";
    holds(page, withPart(page, "closing rules", closingRulesTable(statesOfRule)));
    holds(page, withPart(page, "closing steps", closingStepsTable()));
    holds(page, withPart(page, "closing reasons", closingReasonsTable()));
  });

  it("tell every error code of the contract", () => {
    holds("errors.md", errorsPage());
  });
});
