import { createLazyRoute, Outlet } from "@tanstack/react-router";
import { LiveEvents } from "../../parts/live.tsx";
import classes from "./account.module.css";
import { Header } from "./header.tsx";

/** The frame: the bar at the top, and below it the screen of the address. All screens of an account share its stream of events. */
export const Screen = createLazyRoute("/$account")({ component: Account });

function Account() {
  const { account } = Screen.useParams();
  return (
    <LiveEvents account={account}>
      <Header />
      <main id="content" tabIndex={-1} className={classes["main"]}>
        <Outlet />
      </main>
    </LiveEvents>
  );
}
