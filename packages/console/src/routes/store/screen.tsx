import { Trans, useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, Link, Outlet } from "@tanstack/react-router";
import { storeQuery } from "../../api/queries.ts";
import { Icon } from "../../parts/icons.tsx";
import { Note } from "../../parts/note.tsx";
import classes from "./store.module.css";

/** The frame of a store's screens: its name, and the way between them. */
export const Screen = createLazyRoute("/$account/stores/$store")({ component: Store });

function Store() {
  const { t } = useLingui();
  const params = Screen.useParams();
  const { data: store } = useSuspenseQuery(storeQuery(params.account, params.store));
  return (
    <div className="stack">
      <nav className={classes["nav"]} aria-label={t`Screens of the store`}>
        <Link to="/$account/stores/$store/today" params={params} className={classes["entry"]}>
          <Icon name="today" />
          <Trans>Today</Trans>
        </Link>
        <Link to="/$account/stores/$store/reports" params={params} className={classes["entry"]}>
          <Icon name="reports" />
          <Trans>Reports</Trans>
        </Link>
        <Link to="/$account/stores/$store/terminals" params={params} className={classes["entry"]}>
          <Icon name="terminals" />
          <Trans>Terminals</Trans>
        </Link>
        <Link to="/$account/stores/$store/details" params={params} className={classes["entry"]}>
          <Icon name="store" />
          <Trans>Store</Trans>
        </Link>
      </nav>
      {store.status === "SUSPENDED" && (
        <Note tone="doubt">
          <Trans>This store is suspended: its terminals take no payments. What is open can still be closed.</Trans>
        </Note>
      )}
      <Outlet />
    </div>
  );
}
