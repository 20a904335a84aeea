import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { asApiError } from "@/api/error";
import { exactCount } from "@/core/format";
import type { DeliveryState } from "@/core/subscriptionAddress";
import { forwardsWords, isTaken, pingWords, type Subscription } from "@/core/subscriptions";
import { changeSubscription, pingSubscription, removeSubscription, renewSecret, subscriptionQuery, subscriptionsQuery } from "@/queries/subscriptions";
import { sayDone, sayFailed } from "@/screens/account/said";
import { Ago } from "@/ui/Ago";
import { useCommands } from "@/ui/commands";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import { Deliveries } from "./Deliveries";
import { HealthWord } from "./HealthWord";
import { SecretOnce } from "./SecretOnce";
import { SubscriptionFields } from "./SubscriptionFields";
import classes from "./subscriptions.module.css";

/** One subscription: how it does, what can be done with it, and what became of each event. */
export function SubscriptionScreen({ id, state }: { id: string; state: DeliveryState | null }) {
  const found = useQuery(subscriptionQuery(id));
  useEffect(() => {
    document.title = `${found.data?.name ?? "Subscription"} · Dexter`;
  }, [found.data?.name]);
  return (
    <div className={classes.page}>
      <Link to="/subscriptions" className={classes.back}>
        <IconArrowLeft size={16} stroke={1.5} aria-hidden />
        Subscriptions
      </Link>
      {found.isPending && (
        <p className={classes.quiet} role="status">
          Loading the subscription
        </p>
      )}
      {found.isLoadingError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isRefetchError && (
        <p className={classes.quiet} role="alert">
          {asApiError(found.error).message}. This is the subscription as it was.
        </p>
      )}
      {found.data !== undefined && (
        <>
          <Head subscription={found.data} />
          <Facts subscription={found.data} />
          <Deliveries subscription={found.data} state={state} />
        </>
      )}
    </div>
  );
}

function Head({ subscription }: { subscription: Subscription }) {
  const { id, name, active } = subscription;
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const [editing, setEditing] = useState(false);
  const [asked, setAsked] = useState<"secret" | "remove" | null>(null);
  const put = (changed: Subscription) => {
    queryClient.setQueryData(subscriptionQuery(id).queryKey, changed);
    void queryClient.invalidateQueries({ queryKey: subscriptionsQuery.queryKey });
  };
  const ping = useMutation({ mutationFn: () => pingSubscription(id), onError: sayFailed });
  const change = useMutation({
    mutationFn: changeSubscription,
    onSuccess: (changed) => {
      put(changed);
      sayDone(changed.active ? `${changed.name} goes on where it was.` : `${changed.name} is paused. What happens meanwhile is sent when it goes on.`);
    },
    onError: sayFailed,
  });
  const renew = useMutation({ mutationFn: () => renewSecret(id), onError: sayFailed, onSettled: () => setAsked(null) });
  const remove = useMutation({
    mutationFn: () => removeSubscription(id),
    onSuccess: () => {
      sayDone(`${name} is deleted.`);
      queryClient.setQueryData(subscriptionsQuery.queryKey, (all) => all?.filter((each) => each.id !== id));
      void navigate({ to: "/subscriptions" });
    },
    onError: sayFailed,
  });
  const toggle = () => change.mutate({ id, active: !active });
  useCommands([
    { id: "subscription.test", label: "Send a test to the receiver", section: "Subscriptions", run: () => ping.mutate() },
    { id: "subscription.toggle", label: active ? "Pause the subscription" : "Let the subscription go on", section: "Subscriptions", run: toggle },
    { id: "subscription.edit", label: "Change the subscription…", section: "Subscriptions", run: () => setEditing(true) },
  ]);
  return (
    <>
      <header className={classes.head}>
        <div>
          <h1>
            <VisibleText text={name} />
          </h1>
          <HealthWord health={subscription.health} />
        </div>
        <div className={classes.actions}>
          <Button size="xs" variant="default" loading={ping.isPending} onClick={() => ping.mutate()}>
            Send a test
          </Button>
          <Button size="xs" variant="default" loading={change.isPending} onClick={toggle}>
            {active ? "Pause" : "Go on"}
          </Button>
          <Button size="xs" variant="default" onClick={() => setEditing(true)}>
            Change
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsked("secret")}>
            New secret
          </Button>
          <Button size="xs" variant="default" color="red" onClick={() => setAsked("remove")}>
            Delete
          </Button>
        </div>
      </header>
      {ping.data !== undefined && (
        <p className={classes.said} data-bad={!isTaken(ping.data) || undefined} role="status">
          {isTaken(ping.data) ? "The test was taken. " : "The test was not taken. "}
          {pingWords(ping.data)}
        </p>
      )}
      {renew.data !== undefined && <SecretOnce said={`${name} has a new secret.`} secret={renew.data} onSeen={renew.reset} />}
      {subscription.paused_reason !== null && (
        <p className={classes.said} data-bad>
          Dexter stopped it: {subscription.paused_reason}
        </p>
      )}
      {subscription.last_error !== null && subscription.health === "failing" && (
        <p className={classes.said} data-bad>
          The last attempt failed: <VisibleText text={subscription.last_error} />
        </p>
      )}
      {editing && (
        <Dialog title={`Change ${name}`} from={narrow ? "below" : "middle"} size={560} onClose={() => setEditing(false)}>
          <SubscriptionFields
            start={subscription}
            verb="Save"
            send={({ name: called, url, channels, filter, types }) => changeSubscription({ id, name: called, url, channels, filter, types })}
            onSent={(changed) => {
              put(changed);
              setEditing(false);
              sayDone(`${changed.name} is changed.`);
            }}
          />
        </Dialog>
      )}
      {asked !== null && (
        <Dialog title={asked === "secret" ? "Make a new secret" : `Delete ${name}`} from={narrow ? "below" : "middle"} size={440} onClose={() => setAsked(null)}>
          <p className={classes.asked}>
            {asked === "secret"
              ? "Everything is signed with the new one at once, also what is sent again. A receiver that checks with the old one refuses it until it knows the new one."
              : "What waits for it and what was given up goes with it. This cannot be undone."}
          </p>
          <div className={classes.actions}>
            {asked === "secret" ? (
              <Button loading={renew.isPending} onClick={() => renew.mutate()}>
                Make a new secret
              </Button>
            ) : (
              <Button color="red" autoContrast={false} loading={remove.isPending} onClick={() => remove.mutate()}>
                Delete for good
              </Button>
            )}
            <Button variant="default" onClick={() => setAsked(null)}>
              Keep it as it is
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Facts({ subscription }: { subscription: Subscription }) {
  const { url, created_at, created_by, behind, delivered, pending, dead, last_delivery_at: last } = subscription;
  return (
    <dl className={classes.facts}>
      <div data-wide>
        <dt>Sends to</dt>
        <dd>
          <VisibleText text={url} />
        </dd>
      </div>
      <div data-wide>
        <dt>Forwards</dt>
        <dd>
          <VisibleText text={forwardsWords(subscription)} />
        </dd>
      </div>
      <div>
        <dt>Delivered</dt>
        <dd>{exactCount(delivered)}</dd>
      </div>
      <div>
        <dt>Waiting</dt>
        <dd>{exactCount(pending)}</dd>
      </div>
      <div>
        <dt>Given up</dt>
        <dd data-bad={dead > 0 || undefined}>{exactCount(dead)}</dd>
      </div>
      <div>
        <dt>Not looked at yet</dt>
        <dd>{behind === null ? "Unknown" : exactCount(behind)}</dd>
      </div>
      <div>
        <dt>Last delivery</dt>
        <dd>{last === null ? "None" : <Ago iso={last} />}</dd>
      </div>
      <div>
        <dt>Answered for by</dt>
        <dd>
          <VisibleText text={created_by.name || "Whoever holds Dexter's token"} />
          <small>
            made <Ago iso={created_at} />
          </small>
        </dd>
      </div>
    </dl>
  );
}
