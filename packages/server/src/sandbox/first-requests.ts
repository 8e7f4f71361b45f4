import type { SandboxFile } from "./sandbox.ts";

type Sandbox = SandboxFile & { terminalIds: readonly string[] };

/** What the documentation page shows of the sandbox to a caller on the same machine. */
export function presentSandboxAccess({ http_url, account_id, client_id, client_secret, terminalIds }: Sandbox) {
  const sandbox = { http_url, account_id, client_id, client_secret };
  return { ...sandbox, terminal_ids: terminalIds, first_requests: firstRequests({ ...sandbox, terminalIds }) };
}

/**
 * Three requests to paste into a shell: a token, a close of the day, and its result. Empty without a terminal. The third
 * waits for the end, because all three are usually pasted at once. Quoted so that bash, dash and zsh read them alike;
 * `printf` because the `echo` of some shells changes backslashes.
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
    `OPERATION=$(curl -sS ${bearer} ${json} -d '${command}' '${operations}'); printf '%s\\n' "$OPERATION"`,
    `curl -sS -w '\\n' ${bearer} -H 'Prefer: wait=20' "${operations}/$(printf '%s' "$OPERATION" | sed -n 's/^{"id":"\\([^"]*\\)".*/\\1/p')"`,
  ];
}
