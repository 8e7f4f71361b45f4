import { Trans } from "@lingui/react/macro";
import { createRootRoute, Outlet } from "@tanstack/react-router";

/** What all pages stand in. */
export const rootRoute = createRootRoute({
  component: () => (
    <>
      <a className="skip-link" href="#content">
        <Trans>Skip to the content</Trans>
      </a>
      <Outlet />
    </>
  ),
});
