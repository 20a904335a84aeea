import { Button, Group, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { EVERYWHERE, type Person, placeWords, type Role, ROLE_MEANING, ROLES } from "@/core/people";
import { changePerson, giveRole, peopleQuery, removePerson } from "@/queries/people";
import { useSession } from "@/queries/session";
import { sayDone, toldOf } from "@/screens/account/said";
import { Dialog } from "@/ui/Dialog";

import classes from "./people.module.css";

interface Props {
  person: Person;
  from: "middle" | "below";
  onClose: () => void;
}

/** One person: roles, name and address, a new password, whether they may come in. */
export function EditPerson({ person, from, onClose }: Props) {
  return (
    <Dialog title={person.name} from={from} size={520} onClose={onClose}>
      <div className={classes.dialog}>
        <Roles person={person} />
        <Facts person={person} />
        {!person.built_in && <Password person={person} />}
        {!person.built_in && <Entry person={person} onGone={onClose} />}
      </div>
    </Dialog>
  );
}

/** Put a changed person in the list, so that the dialog and the list say the same. */
function usePut(): (person: Person) => void {
  const queryClient = useQueryClient();
  return (person) => queryClient.setQueryData(peopleQuery.queryKey, (people) => people?.map((each) => (each.id === person.id ? person : each)));
}

const CHOICES = [...ROLES.map((role) => ({ value: role, label: `${role}: ${ROLE_MEANING[role]}` })), { value: "", label: "no role" }];

function Roles({ person }: { person: Person }) {
  const put = usePut();
  const { organization } = useSession();
  const [place, setPlace] = useState("");
  const give = useMutation({
    mutationFn: giveRole,
    onSuccess: (changed) => {
      put(changed);
      setPlace("");
      sayDone(`The roles of ${changed.name} are changed.`);
    },
  });
  const admin = useMutation({ mutationFn: changePerson, onSuccess: put });
  const held = Object.entries(person.roles);
  const unheld = organization !== null && !(organization in person.roles) ? [[organization, null] as const] : [];
  if (person.is_admin) {
    return (
      <>
        <p className={classes.quiet}>An administrator of this Dexter, and so of every organization.</p>
        {!person.built_in && (
          <Button size="xs" variant="default" mt="sm" loading={admin.isPending} onClick={() => admin.mutate({ id: person.id, is_admin: false })}>
            No longer an administrator
          </Button>
        )}
        {admin.isError && <p role="alert">{toldOf(admin.error)}</p>}
      </>
    );
  }
  return (
    <>
      <ul className={classes.roles} aria-label="Roles">
        {[...held, ...unheld].map(([where, role]) => (
          <li key={where}>
            <span>In {placeWords(where)}</span>
            <NativeSelect
              size="xs"
              aria-label={`Role in ${placeWords(where)}`}
              value={role ?? ""}
              disabled={give.isPending}
              data={CHOICES}
              onChange={(event) => give.mutate({ id: person.id, organization: where, role: event.currentTarget.value === "" ? null : (event.currentTarget.value as Role) })}
            />
          </li>
        ))}
      </ul>
      <form
        className={classes.add}
        style={{ marginTop: 12 }}
        onSubmit={(event) => {
          event.preventDefault();
          give.mutate({ id: person.id, organization: place.trim() || EVERYWHERE, role: "viewer" });
        }}
      >
        <TextInput size="xs" label="Another organization" description="Its slug, or * for every one." value={place} pattern="\*|[A-Za-z0-9_\-]+" onChange={(event) => setPlace(event.currentTarget.value)} />
        <Button size="xs" type="submit" variant="default" disabled={place.trim() === ""}>
          Let them read there
        </Button>
      </form>
      {give.isError && <p role="alert">{toldOf(give.error)}</p>}
      <Button size="xs" variant="default" mt="sm" loading={admin.isPending} onClick={() => admin.mutate({ id: person.id, is_admin: true })}>
        Make an administrator
      </Button>
      {admin.isError && <p role="alert">{toldOf(admin.error)}</p>}
    </>
  );
}

function Facts({ person }: { person: Person }) {
  const put = usePut();
  const [name, setName] = useState(person.name);
  const [email, setEmail] = useState(person.email ?? "");
  const change = useMutation({
    mutationFn: changePerson,
    onSuccess: (changed) => {
      put(changed);
      sayDone(`${changed.name} is changed.`);
    },
  });
  const newEmail = email.trim() !== (person.email ?? "");
  return (
    <>
      <h3>Name and address</h3>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ id: person.id, name: name.trim(), ...(newEmail ? { email: email.trim() } : {}) });
        }}
      >
        <TextInput label="Name" required withAsterisk={false} maxLength={100} autoComplete="off" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput label="E-mail address" type="email" autoComplete="off" value={email} onChange={(event) => setEmail(event.currentTarget.value)} error={toldOf(change.error)} />
        <div>
          <Button size="xs" type="submit" variant="default" loading={change.isPending} disabled={(name.trim() === person.name && !newEmail) || name.trim() === "" || (newEmail && email.trim() === "")}>
            Save
          </Button>
        </div>
      </form>
    </>
  );
}

function Password({ person }: { person: Person }) {
  const put = usePut();
  const [password, setPassword] = useState("");
  const change = useMutation({
    mutationFn: changePerson,
    onSuccess: (changed) => {
      put(changed);
      setPassword("");
      sayDone(`${changed.name} has a new password and is signed out everywhere.`);
    },
  });
  return (
    <>
      <h3>Password</h3>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ id: person.id, password });
        }}
      >
        <PasswordInput label="New password" description="Signs them out everywhere." autoComplete="new-password" minLength={10} value={password} onChange={(event) => setPassword(event.currentTarget.value)} error={toldOf(change.error)} />
        <div>
          <Button size="xs" type="submit" variant="default" loading={change.isPending} disabled={password.length < 10}>
            Set the password
          </Button>
        </div>
      </form>
    </>
  );
}

function Entry({ person, onGone }: { person: Person; onGone: () => void }) {
  const put = usePut();
  const queryClient = useQueryClient();
  const [sure, setSure] = useState(false);
  const disabled = person.disabled_at !== null;
  const change = useMutation({
    mutationFn: changePerson,
    onSuccess: (changed) => {
      put(changed);
      sayDone(changed.disabled_at === null ? `${changed.name} may come in again.` : `${changed.name} may not come in any more.`);
    },
  });
  const remove = useMutation({
    mutationFn: removePerson,
    onSuccess: () => {
      queryClient.setQueryData(peopleQuery.queryKey, (people) => people?.filter((each) => each.id !== person.id));
      sayDone(`${person.name} is removed. What they wrote keeps their name.`);
      onGone();
    },
  });
  return (
    <>
      <h3>Coming in</h3>
      <p className={classes.quiet}>{disabled ? "They may not come in: their sessions have ended and their tokens are refused." : "Who is shut out loses their sessions at once, and their tokens are refused until they are back."}</p>
      <Group gap="sm" mt="sm">
        <Button size="xs" variant="default" loading={change.isPending} onClick={() => change.mutate({ id: person.id, disabled: !disabled })}>
          {disabled ? "Let them in again" : "Shut out"}
        </Button>
        {sure ? (
          <>
            <Button size="xs" color="red" autoContrast={false} loading={remove.isPending} onClick={() => remove.mutate(person.id)}>
              Remove {person.name} for good
            </Button>
            <Button size="xs" variant="default" onClick={() => setSure(false)}>
              Keep
            </Button>
          </>
        ) : (
          <Button size="xs" variant="default" onClick={() => setSure(true)}>
            Remove
          </Button>
        )}
      </Group>
      {(change.isError || remove.isError) && <p role="alert">{toldOf(change.error ?? remove.error)}</p>}
    </>
  );
}
