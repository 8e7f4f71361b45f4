import { Trans } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { useRef } from "react";
import { sandboxQuery } from "../../api/sandbox.ts";
import classes from "./account.module.css";

/** What is set up once and looked at now and then. Choosing one closes the list. */
export function Administration({ account }: { account: string }) {
  const list = useRef<HTMLDetailsElement>(null);
  const params = { account };
  const to = { params, className: classes["side"], onClick: () => list.current?.removeAttribute("open") };
  return (
    <details className={classes["menu"]} ref={list}>
      <summary>
        <Trans>Administration</Trans>
      </summary>
      <ul className="plain-list stack">
        <li>
          <Link to="/$account/people" {...to}>
            <Trans>People</Trans>
          </Link>
        </li>
        <li>
          <Link to="/$account/api-clients" {...to}>
            <Trans>API clients</Trans>
          </Link>
        </li>
        <li>
          <Link to="/$account/webhooks" {...to}>
            <Trans>Webhooks</Trans>
          </Link>
        </li>
        <li>
          <Link to="/$account/audit" {...to}>
            <Trans>Audit log</Trans>
          </Link>
        </li>
        <Developers account={account} />
      </ul>
    </details>
  );
}

/** The pages for whoever writes programs, at a server that has a sandbox. Other servers have nothing to try there. */
function Developers({ account }: { account: string }) {
  const { data: hasSandbox } = useQuery({ ...sandboxQuery, enabled: isSandboxAccount(account) });
  if (!hasSandbox) return null;
  return (
    <li>
      <strong>
        <Trans>Developers</Trans>
      </strong>
      <ul className="plain-list stack">
        <li>
          <a href="/sandbox" className={classes["side"]}>
            <Trans>Sandbox</Trans>
          </a>
        </li>
        <li>
          <a href="/docs" className={classes["side"]}>
            <Trans>API reference</Trans>
          </a>
        </li>
      </ul>
    </li>
  );
}
