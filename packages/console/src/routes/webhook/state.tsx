import { Trans } from "@lingui/react/macro";
import type { HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import { State } from "../../parts/state.tsx";

/** Whether events are sent, and whether they arrive. */
export function WebhookState({ of: { active, state, paused_reason, failing_since } }: { of: HookSubscription }) {
  if (!active)
    return (
      <State tone="idle">
        <Trans>Switched off</Trans>
      </State>
    );
  if (state === "paused")
    return paused_reason === "failing" ? (
      <State tone="bad">
        <Trans>Paused: nothing arrives</Trans>
      </State>
    ) : (
      <State tone="idle">
        <Trans>Paused</Trans>
      </State>
    );
  if (failing_since !== undefined)
    return (
      <State tone="doubt">
        <Trans>Fails, and is tried again</Trans>
      </State>
    );
  return (
    <State tone="good">
      <Trans>Sends</Trans>
    </State>
  );
}
