import { Trans, useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi, Link, useRouter } from "@tanstack/react-router";
import type { User, UserLink } from "@tillkeeper/contract/http/users";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { userQuery } from "../../api/people.ts";
import { sessionQuery } from "../../api/session.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { Form, useForm } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";
import { PersonLink } from "./person-link.tsx";
import { changeOf, UserFields, type UserValues, useMissing } from "./user-fields.tsx";

/** One person in the account. */
export const Screen = createLazyRoute("/$account/operations/people/$user")({ component: Person });

const accountRoute = getRouteApi("/$account");

function Person() {
  const { account, user: id } = Screen.useParams();
  const { data } = useSuspenseQuery(userQuery(account, id));
  const { user, tag } = data;
  return (
    <Page title={user.name} place={user.email}>
      <p>
        <Link to="/$account/people" params={{ account }} search={{}}>
          <Trans>All people</Trans>
        </Link>
      </p>
      <PersonForm key={tag} account={account} user={user} tag={tag} />
      <Links account={account} user={user} />
      {user.status === "ACTIVE" && <LostAuthenticator account={account} user={user} />}
      <End account={account} user={user} />
    </Page>
  );
}

function PersonForm({ account, user, tag }: { account: string; user: User; tag: string | null }) {
  const { t } = useLingui();
  const refresh = useRefresh();
  const { name, email, role, stores = [], language = "" } = user;
  const form = useForm<UserValues>({ name, email, role, stores, language }, async (values) => {
    const headers = tag === null ? {} : { "if-match": tag };
    await clientOf(account).users.update(user.id, changeOf(values), { headers });
    await refresh(user);
  });
  const missing = useMissing(form.values);
  return (
    <section className="panel stack" aria-labelledby="person">
      <h2 id="person">
        <Trans>What {name} may do</Trans>
      </h2>
      <p className="dimmed">{email}</p>
      <Form form={form} button={t`Save`} saved={t`Saved.`} why={missing}>
        <UserFields account={account} form={form} />
      </Form>
    </section>
  );
}

/** Makes the link that the person needs: to accept the invitation, or to set another password. */
function Links({ account, user: { id, name, status } }: { account: string; user: User }) {
  const [made, setMade] = useState<UserLink>();
  const purpose = status === "INVITED" ? "invitation" : "reset";
  return (
    <section className="panel stack" aria-labelledby="links">
      <h2 id="links">{status === "INVITED" ? <Trans>Not accepted yet</Trans> : <Trans>Forgotten password</Trans>}</h2>
      <Action run={async () => setMade(await clientOf(account).users.createLink(id, { purpose }))}>
        {status === "INVITED" ? (
          <Trans>Make another invitation link</Trans>
        ) : (
          <Trans>Make a link for a new password</Trans>
        )}
      </Action>
      {made && <PersonLink name={name} {...made} />}
    </section>
  );
}

/** Ends the authenticator of a person who has lost it. The server says nothing of a person who has none. */
function LostAuthenticator({ account, user: { id, name } }: { account: string; user: User }) {
  const { t } = useLingui();
  const [ended, setEnded] = useState(false);
  const end = async () => {
    await clientOf(account).users.endTotp(id);
    setEnded(true);
  };
  return (
    <section className="panel stack" aria-labelledby="lost">
      <h2 id="lost">
        <Trans>Lost authenticator</Trans>
      </h2>
      <Action
        run={end}
        ask={{
          title: t`End the authenticator of ${name}?`,
          button: t`End the authenticator`,
          text: (
            <p>
              <Trans>
                From then on the password alone signs {name} in. Be sure that it is {name} who asks: call, or meet.
              </Trans>
            </p>
          ),
        }}
      >
        <Trans>End the authenticator</Trans>
      </Action>
      <div role="status">
        {ended && (
          <p>
            <Trans>
              Done. Should {name} be asked for a code all the same, {name} uses other accounts, too: then only whoever
              runs the server can end it.
            </Trans>
          </p>
        )}
      </div>
    </section>
  );
}

function End({ account, user }: { account: string; user: User }) {
  const { t } = useLingui();
  const router = useRouter();
  const refresh = useRefresh();
  const { account: member } = accountRoute.useRouteContext();
  const { id, name } = user;
  const place = member.name;
  const end = async () => {
    await clientOf(account).users.delete(id);
    queryClient.removeQueries({ queryKey: userQuery(account, id).queryKey });
    await router.navigate({ to: "/$account/people", params: { account }, search: {} });
    await refresh(user);
  };
  return (
    <section className="panel stack" aria-labelledby="end">
      <h2 id="end">
        <Trans>End of access</Trans>
      </h2>
      <Action
        run={end}
        ask={{
          title: t`End the access of ${name} to ${place}?`,
          button: t`End the access`,
          text: (
            <p>
              <Trans>
                From the next request on {name} sees nothing of this account. To undo it, the person has to be invited
                anew.
              </Trans>
            </p>
          ),
        }}
      >
        <Trans>End the access</Trans>
      </Action>
    </section>
  );
}

/** Has users read anew; and the session, too, when the person changed what that person may do. */
function useRefresh(): (user: User) => Promise<void> {
  const router = useRouter();
  const { account: member } = accountRoute.useRouteContext();
  return async ({ id }) => {
    await queryClient.invalidateQueries({ queryKey: [member.account_id, "users"] });
    if (id !== member.user_id) return;
    await queryClient.refetchQueries({ queryKey: sessionQuery.queryKey });
    await router.invalidate();
  };
}
