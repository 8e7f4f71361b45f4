import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { simulatedSerialPattern } from "@tillkeeper/contract/accounts";
import type { Pairing as Code, PairingCode } from "@tillkeeper/contract/http/devices";
import { writeAccounts } from "@tillkeeper/contract/scopes";
import type { Terminal } from "@tillkeeper/sdk";
import { useEffect, useState } from "react";
import { clientOf } from "../../api/client.ts";
import { pairingCodesQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Qr } from "../../parts/qr.tsx";
import { useMay } from "../../parts/rights.ts";
import { ShownOnce } from "../../parts/shown-once.tsx";
import { State, type Tone } from "../../parts/state.tsx";

interface PairingProps {
  account: string;
  terminal: Terminal;
  zone: string;
}

/** Makes a pairing code, to be typed or scanned at the device, and shows when a device has used it. Virtual terminals need none. */
export function Pairing({ account, terminal, zone }: PairingProps) {
  const mayPair = useMay(writeAccounts);
  const isVirtual = simulatedSerialPattern(account).test(terminal.device_serial_number);
  if (!mayPair || isVirtual || terminal.status === "DELETED") return null;
  return (
    <section className="panel stack" aria-labelledby="pairing">
      <h2 id="pairing">
        <Trans>Pairing</Trans>
      </h2>
      <p>
        {terminal.status === "PENDING" ? (
          <Trans>
            No device has paired as this terminal yet. It does so by a code, typed or scanned at the device.
          </Trans>
        ) : (
          <Trans>A device that was reset pairs anew by a code. The former pairing ends when it does.</Trans>
        )}
      </p>
      <MakeCode account={account} terminal={terminal.terminal_id} zone={zone} />
    </section>
  );
}

function MakeCode({ account, terminal, zone }: { account: string; terminal: string; zone: string }) {
  const [made, setMade] = useState<Code>();
  const newest = useQuery(pairingCodesQuery(account, terminal)).data?.[0];
  const { queryKey } = pairingCodesQuery(account, terminal);
  useReadAt(newest?.status === "open" ? newest.expires_at : undefined, queryKey);
  const make = async () => {
    setMade(undefined);
    const code = await clientOf(account).terminals.issuePairingCode(terminal);
    // Read first: the cached state belongs to the code before this one.
    await queryClient.invalidateQueries({ queryKey });
    setMade(code);
  };
  return (
    <>
      {newest && (
        <div role="status">
          <CodeState code={newest} zone={zone} />
        </div>
      )}
      {made && newest?.status === "open" && <ShownCode code={made} zone={zone} />}
      <Action run={make}>
        {newest?.status === "open" ? <Trans>Make another pairing code</Trans> : <Trans>Make a pairing code</Trans>}
      </Action>
    </>
  );
}

function ShownCode({ code: { code, qr_text: text, expires_at: until }, zone }: { code: Code; zone: string }) {
  const { t } = useLingui();
  return (
    <>
      <ShownOnce label={t`Pairing code`} value={code}>
        <Trans>
          Type it at the device, or have the device scan the QR code. It works once, until{" "}
          <Instant at={until} zone={zone} />.
        </Trans>
      </ShownOnce>
      <Qr text={text} label={t`QR code of the pairing`} />
    </>
  );
}

const tones: Readonly<Record<PairingCode["status"], Tone>> = {
  open: "busy",
  used: "good",
  expired: "idle",
  replaced: "idle",
  exhausted: "bad",
};

/** What became of a code. */
function CodeState({
  code: { status, used_at: usedAt, expires_at: until },
  zone,
}: {
  code: PairingCode;
  zone: string;
}) {
  const { t } = useLingui();
  const words: Readonly<Record<PairingCode["status"], string>> = {
    open: t`A code waits for the device`,
    used: t`A device has paired`,
    expired: t`The code ran out`,
    replaced: t`The code was ended`,
    exhausted: t`The code was ended: too many wrong tries`,
  };
  const at = status === "open" || status === "expired" ? until : usedAt;
  return (
    <>
      <State tone={tones[status]}>{words[status]}</State>{" "}
      {at !== undefined && (
        <small className="dimmed">
          <Instant at={at} zone={zone} />
        </small>
      )}
    </>
  );
}

/** Has a query read anew at a time: no event tells that a code ran out. */
function useReadAt(at: string | undefined, queryKey: readonly unknown[]): void {
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    if (at === undefined) return undefined;
    const read = () => void queryClient.invalidateQueries({ queryKey: JSON.parse(key) });
    const timer = setTimeout(read, Math.max(0, Date.parse(at) - Date.now()) + 1_000);
    return () => clearTimeout(timer);
  }, [at, key]);
}
