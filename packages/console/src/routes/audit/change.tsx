import { Trans } from "@lingui/react/macro";
import type { AuditEntry } from "@tillkeeper/contract/http/audit";
import classes from "./change.module.css";

/** What an entry changed, by field: as it was, and as it is. Opened, it also says from where it was asked for. */
export function Change({ entry: { before, after, address, request_id: request } }: { entry: AuditEntry }) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = names.filter((name) => text(before, name) !== text(after, name));
  return (
    <details className={classes["change"]}>
      <summary>
        <Trans>Show</Trans>
      </summary>
      <dl>
        {changed.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {text(before, name)} → {text(after, name)}
            </dd>
          </div>
        ))}
        <div>
          <dt>
            <Trans>Address</Trans>
          </dt>
          <dd>{address || "–"}</dd>
        </div>
        <div>
          <dt>
            <Trans>Request</Trans>
          </dt>
          <dd>{request}</dd>
        </div>
      </dl>
    </details>
  );
}

function text(values: AuditEntry["before"], name: string): string {
  const value = (values as Record<string, unknown> | null)?.[name];
  return value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);
}
