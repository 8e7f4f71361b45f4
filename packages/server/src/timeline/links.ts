/** Paths of the API that tell more of an entry. Each part of a path is encoded: ids of callers may have any sign. */
const part = encodeURIComponent;
const ofAccount = (accountId: string) => `/v1/accounts/${accountId}`;
const ofTerminal = (accountId: string, terminalId: string) => `${ofAccount(accountId)}/terminals/${part(terminalId)}`;

/** A list, narrowed to the instant. */
function at(path: string, instant: Date, more: Record<string, string> = {}): string {
  const time = instant.toISOString();
  const query = new URLSearchParams({ ...more, "at.gte": time, "at.lte": time });
  return `${path}?${query.toString()}`;
}

export const linkTo = {
  operation: (accountId: string, id: string) => `${ofAccount(accountId)}/payments/admin/terminals/operations/${id}`,
  presence: (accountId: string, terminalId: string, instant: Date) =>
    at(`${ofTerminal(accountId, terminalId)}/presence/changes`, instant),
  fault: (accountId: string, terminalId: string) => `${ofTerminal(accountId, terminalId)}/presence`,
  telemetry: (accountId: string, terminalId: string, instant: Date, field: string) =>
    at(`${ofTerminal(accountId, terminalId)}/telemetry/history`, instant, { field }),
  log: (accountId: string, terminalId: string, id: string) =>
    `${ofAccount(accountId)}/payments/admin/terminals/${part(terminalId)}/logs/${id}`,
  activations: (accountId: string, terminalId: string) =>
    `${ofAccount(accountId)}/payments/admin/terminals/${part(terminalId)}/activations`,
  configuration: (accountId: string, version: number) => `${ofAccount(accountId)}/configurations/${version}`,
  release: (accountId: string, id: string) => `${ofAccount(accountId)}/releases/${id}`,
  closing: (accountId: string, storeRef: string, id: string) =>
    `${ofAccount(accountId)}/stores/${part(storeRef)}/closings/${id}`,
  change: (accountId: string, type: string, id: string, instant: Date) =>
    at(`${ofAccount(accountId)}/audit`, instant, { subject_type: type, subject_id: id }),
};
