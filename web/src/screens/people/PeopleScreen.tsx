import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { asApiError } from "@/api/error";
import { type Person, rolesWords } from "@/core/people";
import { peopleQuery } from "@/queries/people";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";
import { Face } from "@/ui/Face";

import { AddPerson } from "./AddPerson";
import { EditPerson } from "./EditPerson";
import classes from "./people.module.css";

/** Who may use this Dexter, for those who administer it. */
export function PeopleScreen() {
  const people = useQuery(peopleQuery);
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const [shown, setShown] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const from = narrow ? "below" : "middle";
  useEffect(() => {
    document.title = "People · Dexter";
  }, []);
  const chosen = people.data?.find((each) => each.id === shown);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>People</h1>
        <Button onClick={() => setAdding(true)}>Add a person</Button>
      </header>
      {people.isPending && (
        <p className={classes.quiet} role="status">
          Loading the people
        </p>
      )}
      {people.isLoadingError && <ErrorState error={people.error} onRetry={() => void people.refetch()} />}
      {people.isRefetchError && (
        <p className={classes.quiet} role="alert">
          {asApiError(people.error).message}. These are the people as they were.
        </p>
      )}
      {people.data !== undefined && people.data.length > 0 && (
        <ul className={classes.list}>
          {people.data.map((each) => (
            <PersonRow key={each.id} person={each} onEdit={() => setShown(each.id)} />
          ))}
        </ul>
      )}
      {people.data?.length === 1 && (
        <EmptyState
          icon={<IconUsers size={32} stroke={1.25} />}
          title="You are alone here"
          actions={
            <Button variant="default" onClick={() => setAdding(true)}>
              Add a person
            </Button>
          }
        >
          Whoever holds the token that Dexter printed is its administrator. Add people to let others in with an address and a password of their own.
        </EmptyState>
      )}
      {adding && <AddPerson from={from} onClose={() => setAdding(false)} />}
      {chosen !== undefined && <EditPerson key={chosen.id} person={chosen} from={from} onClose={() => setShown(null)} />}
    </div>
  );
}

function PersonRow({ person, onEdit }: { person: Person; onEdit: () => void }) {
  const disabled = person.disabled_at !== null;
  return (
    <li className={classes.person} data-disabled={disabled || undefined}>
      <Face name={person.name} size={28} />
      <div>
        {person.name}
        {disabled && " (may not come in)"}
        <small>{person.built_in ? "Holds the token that Dexter prints" : (person.email ?? "No e-mail address")}</small>
      </div>
      <div className={classes.what}>
        {rolesWords(person)}
        <small>
          {signsIn(person)}
          {person.linked_sentry !== null && ` · at Sentry ${person.linked_sentry.name ?? person.linked_sentry.email ?? "linked"}`}
        </small>
      </div>
      <Button size="xs" variant="default" onClick={onEdit} aria-label={`Change ${person.name}`}>
        Change
      </Button>
    </li>
  );
}

function signsIn(person: Person): string {
  if (person.has_password) return "Signs in by password";
  return person.built_in ? "Signs in by the printed token" : "Cannot sign in yet";
}
