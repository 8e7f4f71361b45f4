import { Trans, useLingui } from "@lingui/react/macro";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Page } from "./page.tsx";
import { Problem } from "./problem.tsx";

/** Shown at addresses where nothing is. */
export function Missing() {
  const { t } = useLingui();
  return (
    <Page title={t`There is nothing here`}>
      <p>
        <Trans>
          The address may be mistyped, or what was here may have been removed. <Link to="/">Begin at the start</Link>.
        </Trans>
      </p>
    </Page>
  );
}

/** Shown when a screen cannot be shown, because its data did not come or the page has a fault. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useLingui();
  return (
    <Page title={t`This cannot be shown now`}>
      <Problem error={error} onRetry={reset} />
    </Page>
  );
}
