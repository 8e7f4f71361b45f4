import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import type { Store } from "@tillkeeper/sdk";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, type FormState, useForm } from "../../parts/form.tsx";

interface AddressFormProps {
  account: string;
  details: { store: Store; tag: string | null };
  /** Why nothing can be changed. */
  why: string | undefined;
}

interface Values {
  store_name: string;
  phone_number: string;
  email: string;
  address_line: string;
  postal_code: string;
  postal_place: string;
  country: string;
}

/** Name, address and how to reach the store. With a payout destination most of it comes from there. */
export function AddressForm({ account, details: { store, tag }, why }: AddressFormProps) {
  const { t } = useLingui();
  const form = useForm(valuesOf(store), async (values) => {
    const headers = tag === null ? {} : { "if-match": tag };
    await clientOf(account).stores.replace(store.id, changed(store, values), { headers });
    await queryClient.invalidateQueries({ queryKey: [account, "stores"] });
  });
  const fixed = store.payout_destination !== undefined;
  return (
    <section className="panel stack" aria-labelledby="store-details">
      <h2 id="store-details">
        <Trans>Name and address</Trans>
      </h2>
      {fixed && (
        <p className="dimmed">
          <Trans>Address, phone and e-mail come from the payout destination, and are changed there.</Trans>
        </p>
      )}
      <Form form={form} button={t`Save`} saved={t`Saved.`} why={why}>
        <Field form={form} name="store_name" path="store_name" label={t`Name`} disabled={why !== undefined} />
        <Field form={form} name="address_line" path="address/address_line" label={t`Street`} disabled={fixed} />
        <Field form={form} name="postal_code" path="address/postal_code" label={t`Postal code`} disabled={fixed} />
        <Field form={form} name="postal_place" path="address/postal_place" label={t`Place`} disabled={fixed} />
        <Field
          form={form}
          name="country"
          path="address/country"
          label={t`Country`}
          description={t`Two letters, as NO.`}
          disabled={fixed}
        />
        <Field
          form={form}
          name="phone_number"
          path="phone_number"
          label={t`Phone`}
          description={t`With the country, as +4799999999.`}
          disabled={fixed}
        />
        <Field form={form} name="email" path="email" label={t`E-mail address`} disabled={fixed} />
      </Form>
    </section>
  );
}

interface FieldProps {
  form: FormState<Values>;
  name: keyof Values;
  path: string;
  label: string;
  description?: string;
  disabled: boolean;
}

function Field({ form, name, path, ...input }: FieldProps) {
  return (
    <TextInput
      {...input}
      name={name}
      value={form.values[name]}
      error={form.errorOf(path)}
      onChange={({ currentTarget }) => form.set(name, currentTarget.value)}
    />
  );
}

function valuesOf({ store_name = "", phone_number = "", email = "", address }: Store): Values {
  const { address_line = "", postal_code = "", postal_place = "", country = "" } = address ?? {};
  return { store_name, phone_number, email, address_line, postal_code, postal_place, country };
}

/** The whole store as it was read, with what the form changed. An empty field is taken away. */
function changed(store: Store, values: Values): Store {
  const { store_name, phone_number, email, address_line, postal_place, country, postal_code } = values;
  const { store_name: _name, phone_number: _phone, email: _email, address, ...rest } = store;
  const { postal_code: _code, ...kept } = address ?? {};
  const hasAddress = [address_line, postal_code, postal_place, country].some((text) => text !== "");
  return {
    ...rest,
    ...(store_name !== "" && { store_name }),
    ...(phone_number !== "" && { phone_number }),
    ...(email !== "" && { email }),
    ...(hasAddress && {
      address: { ...kept, address_line, postal_place, country, ...(postal_code !== "" && { postal_code }) },
    }),
  };
}
