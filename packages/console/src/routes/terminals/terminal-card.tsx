import { Trans, useLingui } from "@lingui/react/macro";
import type { StorePresence } from "@tillkeeper/contract/http/presence";
import type { PresenceStatus } from "@tillkeeper/contract/presence";
import { presenceSteps, presenceWords } from "@tillkeeper/words/screen";
import { shownLanguage } from "../../app/language.ts";
import { Instant } from "../../parts/instant.tsx";
import { State, type Tone } from "../../parts/state.tsx";
import { TerminalName } from "../../parts/terminal-name.tsx";

type Present = StorePresence["terminals"][number];

interface TerminalCardProps {
  presence: Present;
  serial: string | undefined;
  zone: string;
}

type Told = Present["telemetry"];

const tones: Readonly<Record<PresenceStatus, Tone>> = {
  online: "good",
  late: "doubt",
  offline: "bad",
  never: "doubt",
  shut_down: "idle",
};

/** One terminal: what it told last, when, and what to do about it. */
export function TerminalCard({ presence, serial, zone }: TerminalCardProps) {
  const { status, since, terminal_id: id, fault, last_heard_at: heard, telemetry } = presence;
  const isFaulty = fault !== undefined && fault.ended_at === undefined;
  return (
    <div className="stack">
      <div className="row spread">
        <TerminalName id={id} serial={serial} />
        <State tone={tones[status]}>{presenceWords[status][shownLanguage()]}</State>
      </div>
      <dl className="facts">
        <dt>
          <Trans>Since</Trans>
        </dt>
        <dd>
          <Instant at={since} zone={zone} />
        </dd>
        {status !== "online" && heard !== undefined && (
          <>
            <dt>
              <Trans>Last heard of</Trans>
            </dt>
            <dd>
              <Instant at={heard} zone={zone} />
            </dd>
          </>
        )}
        <Battery telemetry={telemetry} zone={zone} />
        <Paper telemetry={telemetry} zone={zone} />
        {isFaulty && (
          <>
            <dt>
              <Trans>Fault</Trans>
            </dt>
            <dd>
              {fault.message ?? fault.code} <Instant at={fault.at} zone={zone} />
            </dd>
          </>
        )}
      </dl>
      <ToDo presence={presence} isFaulty={isFaulty} />
    </div>
  );
}

/** Below so many percent a battery is to be charged. */
const lowPercent = 20;

function Battery({ telemetry, zone }: { telemetry: Told; zone: string }) {
  const told = telemetry?.battery;
  if (!told?.value) return null;
  const { percent, charging } = told.value;
  return (
    <>
      <dt>
        <Trans>Battery</Trans>
      </dt>
      <dd>
        {percent} % {charging === true && <Trans>charging</Trans>}{" "}
        <small className="dimmed">
          <Trans>
            as of <Instant at={told.at} zone={zone} />
          </Trans>
        </small>
      </dd>
    </>
  );
}

function Paper({ telemetry, zone }: { telemetry: Told; zone: string }) {
  const { t } = useLingui();
  const told = telemetry?.printer;
  if (!told?.value) return null;
  const words = {
    ok: t`Enough`,
    paper_low: t`Runs out soon`,
    paper_out: t`No paper`,
    error: t`The printer has a fault`,
    none: t`No printer`,
  };
  return (
    <>
      <dt>
        <Trans>Paper</Trans>
      </dt>
      <dd>
        {words[told.value]}{" "}
        <small className="dimmed">
          <Trans>
            as of <Instant at={told.at} zone={zone} />
          </Trans>
        </small>
      </dd>
    </>
  );
}

function ToDo({ presence, isFaulty }: { presence: Present; isFaulty: boolean }) {
  const { t } = useLingui();
  const { status, telemetry } = presence;
  const battery = telemetry?.battery?.value;
  const printer = telemetry?.printer?.value;
  const steps = [
    status !== "online" && presenceSteps[status][shownLanguage()],
    isFaulty && t`It reports a fault. Switch it off and on; if it stays, call for help.`,
    battery !== undefined && battery.percent < lowPercent && battery.charging !== true && t`Charge it.`,
    printer === "paper_out" && t`Put in a new roll of paper.`,
    printer === "paper_low" && t`Have a new roll of paper ready.`,
    printer === "error" && t`Open the printer, and see whether paper is stuck.`,
  ].filter((step) => step !== false);
  if (steps.length === 0) return null;
  return (
    <ul className="plain-list">
      {steps.map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ul>
  );
}
