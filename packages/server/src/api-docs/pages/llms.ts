import { addressOf, type Guide, guides, titleOf } from "./guides.ts";
import { Prepared } from "./prepared.ts";

/** `/llms.txt`: an index of everything to read, in the form of llmstxt.org. */
export function llmsIndex(ownUrl: () => string): Prepared {
  const line = (title: string, path: string, about: string) => `- [${title}](${ownUrl()}${path}): ${about}`;
  const ofGuide = (guide: Guide) => line(titleOf(guide), `${addressOf(guide.name)}.md`, guide.about);
  return new Prepared("text/plain; charset=utf-8", () =>
    [
      "# Tillkeeper",
      "",
      "> A self-hosted server that manages fleets of payment terminals: stores, terminals, remote operations on terminals such as",
      "> closing the day, and the gateway that terminals connect to.",
      "",
      "All requests are under `/v1`. Get an access token with client credentials from `POST /v1/accounts/{account_id}/auth/token`,",
      "and send it as `Authorization: Bearer`. An operation on a terminal is accepted at once and ends later: read its `status`",
      "until it is no longer PENDING. Send an `Idempotency-Key` (a UUID) with each POST of an operation, and the same one when you repeat it.",
      "",
      "## API",
      "",
      line("OpenAPI 3.1 document", "/openapi.json", "every request with its fields, answers and scopes"),
      line("AsyncAPI 3 document", "/asyncapi.json", "the messages between terminals and the server, over MQTT"),
      ...Object.entries(guides).flatMap(([section, those]) => ["", `## ${section}`, "", ...those.map(ofGuide)]),
      "",
    ].join("\n"),
  );
}
