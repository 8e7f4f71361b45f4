import type { SandboxFile } from "./sandbox.ts";

type Sandbox = SandboxFile & { terminalIds: readonly string[] };

/** What a page on the sandbox's own machine shows of it. */
export function accessOf({ http_url, account_id, client_id, client_secret, terminalIds }: Sandbox) {
  const sandbox = { http_url, account_id, client_id, client_secret };
  return { ...sandbox, terminal_ids: terminalIds, first_requests: firstRequests({ ...sandbox, terminalIds }) };
}

/**
 * Three requests to paste into a shell: a token, a close of the day, and what came of it. None without a terminal. They
 * are quoted so that bash and zsh take every line as it is: zsh would read a bare `?` as a file pattern.
 */
export function firstRequests(sandbox: Omit<Sandbox, "mqtt_url">): string[] {
  const { http_url, account_id, client_id, client_secret, terminalIds } = sandbox;
  const [terminalId] = terminalIds;
  if (terminalId === undefined) return [];
  const audience = `${http_url}/v1/accounts/${account_id}`;
  const operations = `${http_url}/v1/admin/terminals/operations`;
  const json = "-H 'Content-Type: application/json'";
  const bearer = '-H "Authorization: Bearer $TOKEN"';
  const grant = JSON.stringify({ grant_type: "client_credentials", audience });
  const command = JSON.stringify({ terminal_id: terminalId, operation: "end_of_day" });
  return [
    `TOKEN=$(curl -sS -u '${client_id}:${client_secret}' ${json} -d '${grant}' '${audience}/auth/token' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS -w '\\n' ${bearer} ${json} -d '${command}' '${operations}'`,
    `curl -sS -w '\\n' ${bearer} '${operations}?terminal_id=${terminalId}'`,
  ];
}
