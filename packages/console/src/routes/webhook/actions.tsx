import { Trans, useLingui } from "@lingui/react/macro";
import { useRouter } from "@tanstack/react-router";
import type { HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { SigningSecret } from "./signing-secret.tsx";

/** What can be done about a subscription. */
export function Actions({ account, hook }: { account: string; hook: HookSubscription }) {
  const { t } = useLingui();
  const router = useRouter();
  const [secret, setSecret] = useState<string>();
  const { hooks } = clientOf(account);
  const url = hook.config.url;
  const refresh = () => queryClient.invalidateQueries({ queryKey: [account, "hooks"] });
  const then = (change: Promise<unknown>) => change.then(refresh);
  const rotate = async () => {
    setSecret((await hooks.rotateSecret(hook.id)).signing_secret);
    await refresh();
  };
  const remove = async () => {
    await hooks.delete(hook.id);
    await router.navigate({ to: "/$account/webhooks", params: { account }, search: {} });
    await refresh();
  };
  return (
    <section className="panel stack" aria-labelledby="actions">
      <h2 id="actions">
        <Trans>What can be done</Trans>
      </h2>
      <div className="row">
        {hook.state === "paused" ? (
          <>
            <Action run={() => then(hooks.resume(hook.id, { missed: true }))}>
              <Trans>Go on, with what was missed</Trans>
            </Action>
            <Action run={() => then(hooks.resume(hook.id))}>
              <Trans>Go on</Trans>
            </Action>
          </>
        ) : (
          <Action run={() => then(hooks.pause(hook.id))}>
            <Trans>Pause</Trans>
          </Action>
        )}
        <Action run={() => then(hooks.ping(hook.id))}>
          <Trans>Send a ping</Trans>
        </Action>
        <Action run={rotate}>
          <Trans>Replace the signing secret</Trans>
        </Action>
        <Action
          run={remove}
          ask={{
            title: t`Delete the webhook to ${url}?`,
            button: t`Delete the webhook`,
            text: (
              <p>
                <Trans>Nothing is sent there any more, not even what waits. It cannot be brought back.</Trans>
              </p>
            ),
          }}
        >
          <Trans>Delete</Trans>
        </Action>
      </div>
      {secret !== undefined && <SigningSecret secret={secret} />}
    </section>
  );
}
