import { Trans } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import classes from "./waiting.module.css";

/** Shorter waits show nothing; longer ones say what they wait for. */
const [shortMs, longMs] = [300, 10_000];

/** Stands where something is being loaded: nothing at first, then grey lines, then a sentence. */
export function Waiting({ lines = 4 }: { lines?: number }) {
  const stage = useStage();
  if (stage === 0) return null;
  return (
    <div className="stack" role="status">
      {stage === 2 ? (
        <p>
          <Trans>Still waiting for the server's answer. The network may be slow.</Trans>
        </p>
      ) : (
        <span className="visually-hidden">
          <Trans>Loading…</Trans>
        </span>
      )}
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className={classes["line"]} />
      ))}
    </div>
  );
}

function useStage(): 0 | 1 | 2 {
  const [stage, setStage] = useState<0 | 1 | 2>(0);
  useEffect(() => {
    const timers = [setTimeout(() => setStage(1), shortMs), setTimeout(() => setStage(2), longMs)];
    return () => timers.forEach(clearTimeout);
  }, []);
  return stage;
}
