import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconSend } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { asApiError } from "@/api/error";
import { counted } from "@/core/format";
import { forwardsWords, type Subscription } from "@/core/subscriptions";
import { addSubscription, type MadeSubscription, subscriptionsQuery } from "@/queries/subscriptions";
import { Ago } from "@/ui/Ago";
import { useCommands } from "@/ui/commands";
import { Dialog } from "@/ui/Dialog";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import { HealthWord } from "./HealthWord";
import { SecretOnce } from "./SecretOnce";
import { EMPTY_FORM, SubscriptionFields } from "./SubscriptionFields";
import classes from "./subscriptions.module.css";

/** Where the feed is forwarded to, for those who administer it. */
export function SubscriptionsScreen() {
  const queryClient = useQueryClient();
  const all = useQuery(subscriptionsQuery);
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<MadeSubscription | null>(null);
  useEffect(() => {
    document.title = "Subscriptions · Dexter";
  }, []);
  useCommands([
    { id: "subscriptions.add", label: "Add a subscription", section: "Subscriptions", run: () => setAdding(true) },
    { id: "list.refresh", label: "Read the subscriptions anew", section: "Subscriptions", run: () => void all.refetch() },
  ]);
  const add = (
    <Button variant={all.data?.length === 0 ? "default" : "filled"} onClick={() => setAdding(true)}>
      Add a subscription
    </Button>
  );
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Subscriptions</h1>
        {all.data !== undefined && all.data.length > 0 && add}
      </header>
      {made !== null && <SecretOnce said={`${made.name} is made.`} secret={made.secret} onSeen={() => setMade(null)} />}
      {all.isPending && (
        <p className={classes.quiet} role="status">
          Loading the subscriptions
        </p>
      )}
      {all.isLoadingError && <ErrorState error={all.error} onRetry={() => void all.refetch()} />}
      {all.isRefetchError && (
        <p className={classes.quiet} role="alert">
          {asApiError(all.error).message}. These are the subscriptions as they were.
        </p>
      )}
      {all.data?.length === 0 && (
        <EmptyState icon={<IconSend size={32} stroke={1.25} />} title="Nothing is forwarded yet" actions={add}>
          A subscription sends what happens to an address of yours, signed, again and again until it is taken. A chat, a pager or a script then needs no open connection.
        </EmptyState>
      )}
      {all.data !== undefined && all.data.length > 0 && (
        <ul className={classes.list} aria-label="Subscriptions">
          {all.data.map((each) => (
            <SubscriptionRow key={each.id} subscription={each} />
          ))}
        </ul>
      )}
      {adding && (
        <Dialog title="Add a subscription" from={narrow ? "below" : "middle"} size={560} onClose={() => setAdding(false)}>
          <SubscriptionFields
            start={EMPTY_FORM}
            verb="Add"
            send={addSubscription}
            onSent={(subscription) => {
              setMade(subscription);
              setAdding(false);
              void queryClient.invalidateQueries({ queryKey: subscriptionsQuery.queryKey });
            }}
          />
        </Dialog>
      )}
    </div>
  );
}

function SubscriptionRow({ subscription }: { subscription: Subscription }) {
  const { id, name, url, health, delivered, pending, dead, last_delivery_at: last } = subscription;
  return (
    <li>
      <div>
        <Link to="/subscriptions/$subscriptionId" params={{ subscriptionId: id }} search={{}}>
          <VisibleText text={name} />
        </Link>
        <small>
          <VisibleText text={url} />
        </small>
        <small>
          <VisibleText text={forwardsWords(subscription)} />
        </small>
      </div>
      <HealthWord health={health} />
      <div className={classes.numbers}>
        <span>{counted(delivered, "delivery", "deliveries")}</span>
        <small>
          {last === null ? (
            "nothing sent yet"
          ) : (
            <>
              last <Ago iso={last} />
            </>
          )}
          {pending > 0 && ` · ${pending} waiting`}
        </small>
        {dead > 0 && <small data-bad>{counted(dead, "delivery", "deliveries")} given up</small>}
      </div>
    </li>
  );
}
