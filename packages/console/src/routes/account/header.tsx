import { Trans, useLingui } from "@lingui/react/macro";
import { Button, NativeSelect, useMantineColorScheme } from "@mantine/core";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { type Language, languages } from "@tillkeeper/words/languages";
import { signOut } from "../../api/session.ts";
import { rememberLanguage } from "../../app/catalogs.ts";
import { chooseLanguage, languageNames, shownLanguage } from "../../app/language.ts";
import { forgetLastKnown } from "../../app/last-known.ts";
import { queryClient } from "../../app/query-client.ts";
import classes from "./account.module.css";
import { Administration } from "./administration.tsx";

/** By its name: the route loads this file. */
const accountRoute = getRouteApi("/$account");

/** The bar at the top: where one is, and what belongs to the person. */
export function Header() {
  const { account, session } = accountRoute.useRouteContext();
  const { account: id } = accountRoute.useParams();
  return (
    <header className={classes["header"]}>
      <div className={classes["bar"]}>
        <Link to="/$account" params={{ account: id }} className={classes["name"]}>
          {account.name}
        </Link>
        {account.role !== "store" && <Sides />}
        <details className={classes["menu"]}>
          <summary>{session.user.name}</summary>
          <div className="stack">
            <span className="dimmed">{session.user.email}</span>
            <Accounts />
            <Link to="/$account/you" params={{ account: id }} className={classes["side"]}>
              <Trans>Your sign-in</Trans>
            </Link>
            <LanguageChoice />
            <ThemeChoice />
            <SignOut />
          </div>
        </details>
      </div>
    </header>
  );
}

/** The ways to what belongs to the whole account. */
function Sides() {
  const { t } = useLingui();
  const { account } = accountRoute.useParams();
  return (
    <nav className="row" aria-label={t`Screens of the account`}>
      <Link to="/$account" params={{ account }} activeOptions={{ exact: true }} className={classes["side"]}>
        <Trans>Stores</Trans>
      </Link>
      <Link to="/$account/terminals" params={{ account }} className={classes["side"]}>
        <Trans>All terminals</Trans>
      </Link>
      <Link to="/$account/operations" params={{ account }} className={classes["side"]}>
        <Trans>Operations</Trans>
      </Link>
      <Administration account={account} />
    </nav>
  );
}

function Accounts() {
  const { t } = useLingui();
  const { session } = accountRoute.useRouteContext();
  const { account: shown } = accountRoute.useParams();
  const others = session.accounts.filter(({ account_id }) => account_id !== shown);
  if (others.length === 0) return null;
  return (
    <nav aria-label={t`Other accounts`}>
      <ul className="plain-list">
        {others.map(({ account_id, name }) => (
          <li key={account_id}>
            <Link to="/$account" params={{ account: account_id }}>
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function LanguageChoice() {
  const { t } = useLingui();
  const choose = (language: Language) => {
    rememberLanguage(language);
    void chooseLanguage(language);
  };
  return (
    <NativeSelect
      label={t`Language`}
      value={shownLanguage()}
      data={languages.map((value) => ({ value, label: languageNames[value] }))}
      onChange={({ currentTarget }) => choose(currentTarget.value as Language)}
    />
  );
}

function ThemeChoice() {
  const { t } = useLingui();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <NativeSelect
      label={t`Appearance`}
      value={colorScheme}
      data={[
        { value: "auto", label: t`As the device` },
        { value: "light", label: t`Light` },
        { value: "dark", label: t`Dark` },
      ]}
      onChange={({ currentTarget }) => setColorScheme(currentTarget.value as "auto" | "light" | "dark")}
    />
  );
}

function SignOut() {
  const router = useRouter();
  const leave = async () => {
    await signOut();
    forgetLastKnown();
    queryClient.clear();
    await router.navigate({ to: "/sign-in" });
  };
  return (
    <Button variant="default" onClick={() => void leave()}>
      <Trans>Sign out</Trans>
    </Button>
  );
}
