import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { counted } from "@/core/format";
import { DELIVERY_STATES, type DeliveryState } from "@/core/subscriptionAddress";
import { carriesWords, type Delivery, deliveryWord, type Subscription } from "@/core/subscriptions";
import { deliveriesQuery, forgetDead, retryDead, retryDelivery } from "@/queries/subscriptions";
import { sayDone, sayFailed } from "@/screens/account/said";
import { Ago } from "@/ui/Ago";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./subscriptions.module.css";

const EMPTY: Record<DeliveryState | "all", string> = {
  all: "Nothing was sent yet. What happens from now on is, and shows here.",
  pending: "Nothing waits.",
  delivered: "Nothing was delivered yet.",
  dead: "Nothing was given up.",
};

/** What became of each event, by state; what was given up can be sent again. */
export function Deliveries({ subscription: { id, dead }, state }: { subscription: Subscription; state: DeliveryState | null }) {
  const queryClient = useQueryClient();
  const found = useInfiniteQuery(deliveriesQuery(id, state));
  const [sure, setSure] = useState(false);
  const again = () => queryClient.invalidateQueries({ queryKey: ["subscription", id] });
  const retry = useMutation({ mutationFn: retryDelivery, onSuccess: () => sayDone("It is sent again."), onError: sayFailed, onSettled: again });
  const retryAll = useMutation({
    mutationFn: () => retryDead(id),
    onSuccess: ({ count }) => sayDone(`${counted(count, "delivery is", "deliveries are")} sent again.`),
    onError: sayFailed,
    onSettled: again,
  });
  const forget = useMutation({
    mutationFn: () => forgetDead(id),
    onSuccess: () => sayDone("What was given up is forgotten."),
    onError: sayFailed,
    onSettled: () => {
      setSure(false);
      return again();
    },
  });
  const rows = found.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <section className={classes.deliveries} aria-label="Deliveries">
      <div className={classes.tabsLine}>
        <h2>Deliveries</h2>
        <nav className={classes.tabs} aria-label="State">
          {[null, ...DELIVERY_STATES].map((each) => (
            <Link key={each ?? "all"} to="/subscriptions/$subscriptionId" params={{ subscriptionId: id }} search={each === null ? {} : { state: each }} replace resetScroll={false} aria-current={state === each ? "page" : undefined}>
              {each === null ? "All" : deliveryWord(each)}
            </Link>
          ))}
        </nav>
        {state === "dead" && dead > 0 && (
          <div className={classes.actions}>
            <Button size="xs" variant="default" loading={retryAll.isPending} onClick={() => retryAll.mutate()}>
              Send all again
            </Button>
            {sure ? (
              <>
                <Button size="xs" color="red" autoContrast={false} loading={forget.isPending} onClick={() => forget.mutate()}>
                  Forget all for good
                </Button>
                <Button size="xs" variant="default" onClick={() => setSure(false)}>
                  Keep
                </Button>
              </>
            ) : (
              <Button size="xs" variant="default" onClick={() => setSure(true)}>
                Forget all
              </Button>
            )}
          </div>
        )}
      </div>
      {found.isPending && (
        <p className={classes.quiet} role="status">
          Loading the deliveries
        </p>
      )}
      {found.isLoadingError && <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && <p className={classes.quiet}>{EMPTY[state ?? "all"]}</p>}
      {rows.length > 0 && (
        <ul className={classes.list} aria-label="Deliveries">
          {rows.map((each) => (
            <DeliveryRow key={each.id} delivery={each} sending={retry.isPending && retry.variables.delivery === each.id} onRetry={() => retry.mutate({ id, delivery: each.id })} />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show older
        </Button>
      )}
    </section>
  );
}

function DeliveryRow({ delivery, sending, onRetry }: { delivery: Delivery; sending: boolean; onRetry: () => void }) {
  const { state, attempts, next_attempt_at: next, last_error: error, created_at: created } = delivery;
  const { kind, subject } = carriesWords(delivery);
  return (
    <li data-state={state}>
      <div>
        <span>{kind}</span>
        {subject !== "" && (
          <small>
            <VisibleText text={subject} />
          </small>
        )}
        {state !== "delivered" && error !== null && (
          <small data-bad>
            <VisibleText text={error} />
          </small>
        )}
      </div>
      <span className={classes.health} data-health={state === "delivered" ? "ok" : state === "dead" ? "failing" : "paused"}>
        <i aria-hidden />
        {deliveryWord(state)}
      </span>
      <div className={classes.numbers}>
        <span>
          <Ago iso={delivery.delivered_at ?? delivery.dead_at ?? created} />
        </span>
        <small>
          {counted(attempts, "attempt")}
          {state === "pending" && next !== null && attempts > 0 && (
            <>
              , next at <Clock iso={next} />
            </>
          )}
        </small>
      </div>
      {state !== "delivered" && (
        <Button size="compact-xs" variant="default" loading={sending} onClick={onRetry} aria-label={`Send ${kind.toLowerCase()} ${subject} again`}>
          Send again
        </Button>
      )}
    </li>
  );
}

function Clock({ iso }: { iso: string }) {
  return <time dateTime={iso}>{new Date(iso).toLocaleTimeString("en-GB")}</time>;
}
