import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import type { Authorization } from "@tillkeeper/contract/http/authorization";
import { allowAuthorization, authorizationQuery } from "../../api/authorization.ts";
import { Action } from "../../parts/action.tsx";
import { Note } from "../../parts/note.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { SignInFrame } from "../sign-in/frame.tsx";

/** Asks the person whether a front end of others may act for the person. */
export const Screen = createLazyRoute("/authorize/$account")({ component: Authorize });

function Authorize() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const { asked: search } = Screen.useRouteContext();
  const read = useQuery(authorizationQuery(account, search));
  return (
    <SignInFrame>
      <Page title={t`Sign in to another program`}>
        <Read of={read}>
          {(asked) =>
            asked.fault ? <Faulty asked={asked} /> : <Question account={account} search={search} asked={asked} />
          }
        </Read>
        <p>
          <Link to="/">
            <Trans>To the stores</Trans>
          </Link>
        </p>
      </Page>
    </SignInFrame>
  );
}

interface QuestionProps {
  account: string;
  search: string;
  asked: Authorization;
}

function Question({ account, search, asked }: QuestionProps) {
  const { client, account_name: place, user_name: user, returns_to: destination, scopes, refusal_url: refusal } = asked;
  const { name } = client;
  const allow = async () => window.location.replace(await allowAuthorization(account, search));
  return (
    <>
      <p>
        <Trans>
          <strong>{name}</strong> wants to act for you, {user}, in {place}. It sees no more than you do, until you sign
          out here.
        </Trans>
      </p>
      <p>
        <Trans>
          You go on to <strong>{destination}</strong>. Do it only if you came from there.
        </Trans>
      </p>
      <details>
        <summary>
          <Trans>What it may do</Trans>
        </summary>
        <ul>
          {scopes.map((scope) => (
            <li key={scope}>
              <code>{scope}</code>
            </li>
          ))}
        </ul>
      </details>
      <Action run={allow}>
        <Trans>Go on to {name}</Trans>
      </Action>
      <div>
        <Button component="a" variant="subtle" href={refusal}>
          <Trans>No, go back</Trans>
        </Button>
      </div>
    </>
  );
}

function Faulty({ asked: { client, fault, refusal_url: refusal } }: { asked: Authorization }) {
  const { name } = client;
  return (
    <>
      <Note tone="bad" alert>
        <p>
          <Trans>{name} has asked in a way that this server does not accept. Tell whoever made it:</Trans>
        </p>
        <p>
          <code>{fault?.description}</code>
        </p>
      </Note>
      <div>
        <Button component="a" variant="default" href={refusal}>
          <Trans>Back to {name}</Trans>
        </Button>
      </div>
    </>
  );
}
