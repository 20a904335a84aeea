import { Button, Checkbox, CopyButton, Group, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { type ApiToken, expiryWords, SCOPE_MEANING, SCOPES, type Scope } from "@/core/people";
import { type MadeToken, makeToken, type NewToken, revokeToken, tokensQuery } from "@/queries/people";
import { Ago } from "@/ui/Ago";
import { ErrorState } from "@/ui/ErrorState";
import { useNow } from "@/ui/useNow";

import classes from "./account.module.css";
import { sayDone, sayFailed, toldOf } from "./said";
import { Section } from "./Section";

/** Tokens for scripts: made here, shown once, revoked here. */
export function TokensSection() {
  const queryClient = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const [made, setMade] = useState<MadeToken | null>(null);
  const [making, setMaking] = useState(false);
  const again = () => queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey });
  const revoke = useMutation({ mutationFn: revokeToken, onSuccess: () => sayDone("The token is worth nothing any more."), onError: sayFailed, onSettled: again });
  return (
    <Section title="Tokens for scripts" about="A script sends one as X-Dexter-Token, or as Authorization: Bearer where it only knows that, and does no more than the token's scopes and your role permit.">
      {made !== null && <Made made={made} onSeen={() => setMade(null)} />}
      {tokens.isPending && <p role="status">Loading your tokens</p>}
      {tokens.isLoadingError && <ErrorState compact error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.data?.length === 0 && made === null && <p className={classes.quiet}>You have none.</p>}
      {tokens.data !== undefined && tokens.data.length > 0 && (
        <ul className={classes.list}>
          {tokens.data.map((each) => (
            <li key={each.id}>
              <TokenWords token={each} />
              <Button size="xs" variant="default" color="red" loading={revoke.isPending && revoke.variables === each.id} onClick={() => revoke.mutate(each.id)} aria-label={`Revoke ${each.name}`}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      {making ? (
        <TokenForm
          onCancel={() => setMaking(false)}
          onMade={(token) => {
            setMade(token);
            setMaking(false);
            void again();
          }}
        />
      ) : (
        <div>
          <Button variant="default" onClick={() => setMaking(true)}>
            Make a token
          </Button>
        </div>
      )}
    </Section>
  );
}

function Made({ made, onSeen }: { made: MadeToken; onSeen: () => void }) {
  return (
    <div className={classes.made} role="status">
      <p>
        <strong>{made.name}</strong> is made. Copy it now: it is shown this once and kept nowhere.
      </p>
      <div className={classes.secret}>
        <code>{made.token}</code>
        <CopyButton value={made.token}>
          {({ copied, copy }) => (
            <Button size="xs" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
        <Button size="xs" variant="default" onClick={onSeen}>
          I have it
        </Button>
      </div>
    </div>
  );
}

function TokenWords({ token }: { token: ApiToken }) {
  const now = useNow();
  return (
    <div>
      {token.name}
      <small>
        Ends in {token.hint} · {token.scopes.join(", ")}
        {token.organization !== null && ` in ${token.organization}`} · {expiryWords(token.expires_at, now)} ·{" "}
        {token.last_used_at === null ? (
          "never used"
        ) : (
          <>
            used <Ago iso={token.last_used_at} />
          </>
        )}
      </small>
    </div>
  );
}

const DAYS = [
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "", label: "Never" },
];

function TokenForm({ onMade, onCancel }: { onMade: (token: MadeToken) => void; onCancel: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["read"]);
  const [organization, setOrganization] = useState("");
  const [days, setDays] = useState("90");
  const make = useMutation({ mutationFn: makeToken, onSuccess: onMade });
  const submit = () => {
    const wanted: NewToken = {
      name: name.trim(),
      scopes,
      organization: organization.trim() === "" ? null : organization.trim(),
      expires_in_days: days === "" ? null : Number(days),
    };
    make.mutate(wanted);
  };
  return (
    <form
      className={classes.form}
      aria-label="Make a token"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextInput label="What it is for" placeholder="nightly report" required withAsterisk={false} maxLength={100} autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} error={toldOf(make.error)} />
      <Checkbox.Group label="How far it goes" value={scopes} onChange={(chosen) => setScopes(SCOPES.filter((scope) => chosen.includes(scope)))}>
        <Group gap="xs" mt={6} align="flex-start" style={{ flexDirection: "column" }}>
          {SCOPES.map((scope) => (
            <Checkbox key={scope} value={scope} label={`${scope}: ${SCOPE_MEANING[scope]}`} />
          ))}
        </Group>
      </Checkbox.Group>
      <TextInput label="Organization" description="Its slug, to let the token into that one only." value={organization} pattern="[A-Za-z0-9_\-]+" onChange={(event) => setOrganization(event.currentTarget.value)} />
      <NativeSelect label="Expires" value={days} data={DAYS} onChange={(event) => setDays(event.currentTarget.value)} />
      <Group gap="sm">
        <Button type="submit" loading={make.isPending} disabled={scopes.length === 0 || name.trim() === ""}>
          Make it
        </Button>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </Group>
    </form>
  );
}
