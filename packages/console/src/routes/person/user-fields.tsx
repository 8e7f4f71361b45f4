import { Trans, useLingui } from "@lingui/react/macro";
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { UserUpdate } from "@tillkeeper/contract/http/users";
import { type Role, roles } from "@tillkeeper/contract/roles";
import { languages } from "@tillkeeper/words/languages";
import { storesQuery } from "../../api/queries.ts";
import { languageNames } from "../../app/language.ts";
import { Choices } from "../../parts/choices.tsx";
import type { FormState } from "../../parts/form.tsx";
import { Read } from "../../parts/read.tsx";
import { useRoleWords } from "./roles.ts";

/** What a form has of a user. */
export interface UserValues {
  name: string;
  email: string;
  role: Role;
  stores: readonly string[];
  language: string;
}

/** The fields of a user that can be changed later as well. */
export function UserFields({ account, form }: { account: string; form: FormState<UserValues> }) {
  const { t } = useLingui();
  const words = useRoleWords();
  const { name, role, language } = form.values;
  return (
    <>
      <TextInput
        label={t`Name`}
        value={name}
        maxLength={255}
        error={form.errorOf("name")}
        onChange={({ currentTarget }) => form.set("name", currentTarget.value)}
      />
      <NativeSelect
        label={t`Role`}
        description={words[role].may}
        inputWrapperOrder={["label", "input", "description", "error"]}
        value={role}
        data={roles.map((value) => ({ value, label: words[value].name }))}
        error={form.errorOf("role")}
        onChange={({ currentTarget }) => form.set("role", currentTarget.value as Role)}
      />
      {role === "store" && <StoreChoice account={account} form={form} />}
      <NativeSelect
        label={t`Language`}
        value={language}
        data={[
          { value: "", label: t`As the browser` },
          ...languages.map((value) => ({ value, label: languageNames[value] })),
        ]}
        error={form.errorOf("language")}
        onChange={({ currentTarget }) => form.set("language", currentTarget.value)}
      />
    </>
  );
}

function StoreChoice({ account, form }: { account: string; form: FormState<UserValues> }) {
  const listed = useQuery(storesQuery(account));
  return (
    <Read of={listed} lines={2}>
      {(stores) => (
        <Choices
          legend={<Trans>Stores</Trans>}
          choices={stores.map(({ id, store_id, store_name }) => ({ value: id, label: store_name ?? store_id }))}
          chosen={form.values.stores}
          error={form.errorOf("stores")}
          onChange={(chosen) => form.set("stores", chosen)}
        />
      )}
    </Read>
  );
}

/** The fields of the form in the request, beside the address. An absent field is empty afterwards. */
export function changeOf({ name, role, stores, language }: UserValues): UserUpdate {
  const known = languages.find((one) => one === language);
  return {
    name: name.trim(),
    role,
    ...(role === "store" && { stores: [...stores] }),
    ...(known && { language: known }),
  };
}

/** What has to be filled in before the form can be sent. */
export function useMissing({ name, email, role, stores }: UserValues): string | undefined {
  const { t } = useLingui();
  if (email.trim() === "" || name.trim() === "") return t`An e-mail address and a name are needed.`;
  return role === "store" && stores.length === 0 ? t`Choose at least one store.` : undefined;
}
