import { Trans, useLingui } from "@lingui/react/macro";
import { Note } from "../../parts/note.tsx";

/** Why nobody can sign in on this page; undefined where it came by HTTPS, or from this machine. */
export function useInsecure(): string | undefined {
  const { t } = useLingui();
  return window.isSecureContext ? undefined : t`Signing in takes HTTPS.`;
}

/** Says what to do where the page came by plain HTTP from another machine: the browser does not say there which page asks. */
export function InsecureNote() {
  if (window.isSecureContext) return null;
  return (
    <Note tone="bad" alert>
      <Trans>
        This page came without HTTPS, so nobody can sign in here. Open it by its address with https://, or on the server
        itself as http://localhost.
      </Trans>
    </Note>
  );
}
