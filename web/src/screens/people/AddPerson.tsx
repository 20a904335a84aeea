import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { type Role, ROLE_MEANING, ROLES } from "@/core/people";
import { addPerson, peopleQuery } from "@/queries/people";
import { useSession } from "@/queries/session";
import { sayDone, toldOf } from "@/screens/account/said";
import { Dialog } from "@/ui/Dialog";

import classes from "./people.module.css";

const ADMINISTRATOR = "administrator";

interface Props {
  from: "middle" | "below";
  onClose: () => void;
}

/** Somebody new: what they are called, what they sign in with, what they may. */
export function AddPerson({ from, onClose }: Props) {
  const queryClient = useQueryClient();
  const { organization } = useSession();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<string>("triager");
  const add = useMutation({
    mutationFn: addPerson,
    onSuccess: (person) => {
      queryClient.setQueryData(peopleQuery.queryKey, (people) => people && [...people, person]);
      sayDone(`${person.name} is added.`);
      onClose();
    },
  });
  const place = organization ?? "*";
  const submit = () =>
    add.mutate({
      name: name.trim(),
      email: email.trim(),
      password: password === "" ? null : password,
      is_admin: role === ADMINISTRATOR,
      roles: role === ADMINISTRATOR ? {} : { [place]: role as Role },
    });
  return (
    <Dialog title="Add a person" from={from} size={480} onClose={onClose}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextInput label="Name" required withAsterisk={false} maxLength={100} data-autofocus autoComplete="off" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput label="E-mail address" description="What they sign in with. Dexter sends no mail." required withAsterisk={false} type="email" autoComplete="off" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <PasswordInput
          label="First password"
          description="At least 10 characters; tell it to them, and let them change it under Account. Without one they cannot sign in yet."
          autoComplete="new-password"
          minLength={10}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <NativeSelect
          label={place === "*" ? "Role everywhere" : `Role in ${place}`}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value)}
          data={[...ROLES.map((each) => ({ value: each, label: `${each}: ${ROLE_MEANING[each]}` })), { value: ADMINISTRATOR, label: "administrator of this Dexter and every organization" }]}
        />
        {add.isError && <p role="alert">{toldOf(add.error)}</p>}
        <div>
          <Button type="submit" loading={add.isPending} disabled={name.trim() === "" || email.trim() === ""}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
