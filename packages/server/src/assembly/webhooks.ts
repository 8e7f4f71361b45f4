import { defaultWebhookDays } from "../config/settings.ts";
import { createPoster } from "../webhooks/requests/post.ts";
import { createSecretOpener } from "../webhooks/requests/secrets.ts";
import { hookRetentionWorker } from "../webhooks/retention.ts";
import { Sender } from "../webhooks/sending/sender.ts";
import type { HookDeps } from "../webhooks/subscriptions/subscriptions.ts";
import { takingWorker } from "../webhooks/taking/worker.ts";
import type { Core } from "./core.ts";

/** Webhooks: what their routes need, and their workers. Private addresses are allowed where a setting says so, or in the sandbox. */
export function openWebhooks(
  { db, clock, log, rootKey, config, addresses, presentEvents, metrics }: Core,
  { sandbox }: { sandbox: boolean },
) {
  const allowPrivate = config.webhooksMayBePrivate ?? sandbox;
  const targets = { allowPrivate, isOwn: (origin: string) => addresses.isOwn(origin) };
  const poster = createPoster(targets);
  const sender = new Sender({
    db,
    clock,
    log,
    openSecrets: createSecretOpener(rootKey),
    poster,
    present: presentEvents,
    attempted: metrics.attempted,
  });
  const taking = takingWorker({ db, clock, made: () => sender.wake() });
  const wake = () => {
    taking.wake();
    sender.wake();
  };
  const deps: HookDeps = { db, clock, rootKey, targets, wake };
  return {
    deps,
    /** Events were placed. */
    placed: taking.placed,
    workers: [
      taking.worker,
      ...sender.workers,
      hookRetentionWorker({ db, clock, days: config.webhookDays ?? defaultWebhookDays }),
    ],
  };
}
export type Webhooks = ReturnType<typeof openWebhooks>;
