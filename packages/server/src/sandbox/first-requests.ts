import type { SandboxFile } from "./sandbox.ts";

type Sandbox = SandboxFile & { terminalIds: readonly string[] };

/** What the documentation page shows of the sandbox to a caller on the same machine. */
export function presentSandboxAccess({ http_url, account_id, client_id, client_secret, terminalIds }: Sandbox) {
  const sandbox = { http_url, account_id, client_id, client_secret };
  return { ...sandbox, terminal_ids: terminalIds, first_requests: firstRequests({ ...sandbox, terminalIds }) };
}

/**
 * Three requests to paste into a shell: a token, a close of the day, and its result. Empty without a terminal. Quoted
 * so that bash and zsh take every line literally: zsh would read a bare `?` as a file pattern.
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
