import { useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { comebackAt, type Failed } from "@/core/comeback";

import { healthQuery } from "./health";

const TICK_MS = 1_000;

/**
 * Try again without being asked: once when the moment has come that a failure names, and when the gateway is healthy again.
 *
 * Gives the whole seconds until then, for all to see; null where another try cannot help.
 */
export function useComeback(failure: Failed, retry: (() => void) | undefined): number | null {
  const due = retry === undefined ? null : comebackAt(failure);
  const [now, setNow] = useState(Date.now);
  const again = useEffectEvent(() => retry?.());
  useEffect(() => {
    if (due === null) return;
    const timer = setInterval(() => {
      setNow(Date.now());
      // Nobody waits for what nobody sees.
      if (Date.now() < due || document.hidden) return;
      clearInterval(timer);
      again();
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [due]);

  const { data: health } = useQuery({ ...healthQuery, enabled: due !== null });
  const wasUnwell = useRef(false);
  useEffect(() => {
    if (health === undefined) return;
    if (health.state === "good" && wasUnwell.current) again();
    wasUnwell.current = health.state !== "good";
  }, [health]);

  return due === null ? null : Math.max(0, Math.ceil((due - now) / 1000));
}
