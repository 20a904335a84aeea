import { Button, Checkbox, Chip, Group, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { channelWord, EVENT_TYPES, isPlain, PLAIN_CHANNELS, readChannels, type SubscriptionForm, typeWord } from "@/core/subscriptions";
import { toldOf } from "@/screens/account/said";

import classes from "./subscriptions.module.css";

export const EMPTY_FORM: SubscriptionForm = { name: "", url: "", channels: ["issues"], filter: "", types: [] };

interface Props<T> {
  start: SubscriptionForm;
  /** What the button does. */
  verb: string;
  send: (form: SubscriptionForm) => Promise<T>;
  onSent: (answer: T) => void;
}

/** What is sent where: the fields of a new subscription and of one that is changed. */
export function SubscriptionFields<T>({ start, verb, send, onSent }: Props<T>) {
  const [form, setForm] = useState(start);
  const [further, setFurther] = useState(start.channels.filter((channel) => !isPlain(channel)).join(" "));
  const sending = useMutation({ mutationFn: send, onSuccess: onSent });
  const set = (part: Partial<SubscriptionForm>) => setForm({ ...form, ...part });
  const channels = [...form.channels.filter(isPlain), ...readChannels(further)];
  // What begins with one word, such as all of `issue`, is kept though it is not among the kinds to choose from.
  const offered = [...form.types.filter((type) => !EVENT_TYPES.some((each) => each === type)), ...EVENT_TYPES];
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        sending.mutate({ ...form, name: form.name.trim(), url: form.url.trim(), filter: form.filter.trim(), channels });
      }}
    >
      <TextInput label="Name" placeholder="Chat of the shop team" required withAsterisk={false} maxLength={128} data-autofocus autoComplete="off" value={form.name} onChange={(event) => set({ name: event.currentTarget.value })} />
      <TextInput
        label="Address"
        description="Where each event is posted as JSON, signed. It answers with 2xx once it has taken one."
        placeholder="https://hooks.example.com/dexter"
        type="url"
        required
        withAsterisk={false}
        maxLength={2000}
        autoComplete="off"
        value={form.url}
        onChange={(event) => set({ url: event.currentTarget.value })}
      />
      <Checkbox.Group label="What is forwarded" value={form.channels.filter(isPlain)} onChange={(chosen) => set({ channels: PLAIN_CHANNELS.filter((channel) => chosen.includes(channel)) })}>
        <Group gap="xs" mt={6} style={{ columnGap: 20 }}>
          {PLAIN_CHANNELS.map((channel) => (
            <Checkbox key={channel} value={channel} label={channelWord(channel)} />
          ))}
        </Group>
      </Checkbox.Group>
      <TextInput label="Only of a project or an issue" description="As project:SLUG or issue:NUMBER, several with spaces between them, instead of all issues." value={further} autoComplete="off" onChange={(event) => setFurther(event.currentTarget.value)} />
      <TextInput label="Filter" description="Terms that all must hold, such as !source:poll or actor:grace." maxLength={500} autoComplete="off" value={form.filter} onChange={(event) => set({ filter: event.currentTarget.value })} />
      <fieldset className={classes.types}>
        <legend>Only these kinds of events</legend>
        <p className={classes.quiet}>Without any, all kinds.</p>
        <Chip.Group multiple value={form.types} onChange={(types) => set({ types })}>
          <Group gap={6}>
            {offered.map((type) => (
              <Chip key={type} size="xs" value={type}>
                {typeWord(type)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </fieldset>
      {sending.isError && (
        <p role="alert" className={classes.bad}>
          {toldOf(sending.error)}
        </p>
      )}
      <div>
        <Button type="submit" loading={sending.isPending} disabled={form.name.trim() === "" || form.url.trim() === "" || channels.length === 0}>
          {verb}
        </Button>
      </div>
    </form>
  );
}
