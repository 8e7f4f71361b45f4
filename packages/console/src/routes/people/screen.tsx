import { Trans, useLingui } from "@lingui/react/macro";
import { createLazyRoute } from "@tanstack/react-router";
import { Page } from "../../parts/page.tsx";
import { useMay } from "../../parts/rights.ts";
import { Invite } from "./invite.tsx";
import { Users } from "./users.tsx";

/** The people of an account. */
export const Screen = createLazyRoute("/$account/operations/people")({ component: People });

function People() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const { after } = Screen.useSearch();
  const mayManage = useMay(["admin:accounts"]);
  return (
    <Page title={t`People`}>
      {mayManage ? (
        <>
          <Users account={account} after={after} />
          <Invite account={account} />
        </>
      ) : (
        <p className="panel dimmed">
          <Trans>Only administrators of the account see who may use it.</Trans>
        </p>
      )}
    </Page>
  );
}
