import { Trans } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { type FormEvent, type ReactNode, useState } from "react";
import { Note } from "./note.tsx";
import { Problem } from "./problem.tsx";

/** The state of a form: its values, their faults, and whether it is being sent. */
export interface FormState<Values> {
  values: Values;
  set: <Name extends keyof Values>(name: Name, value: Values[Name]) => void;
  /** The fault of a field, by its path in the request: `address/postal_place`. */
  errorOf: (path: string) => string | undefined;
  submit: () => void;
  isSending: boolean;
  isSaved: boolean;
  error: unknown;
}

/**
 * The pattern of all forms: values in one object, sent as a whole. Places that the server names appear at their fields, everything else above
 * the button.
 */
export function useForm<Values>(initial: Values, send: (values: Values) => Promise<unknown>): FormState<Values> {
  const [values, setValues] = useState(initial);
  const sending = useMutation({ mutationFn: send });
  return {
    values,
    set: (name, value) => {
      setValues((before) => ({ ...before, [name]: value }));
      if (!sending.isPending && !sending.isIdle) sending.reset();
    },
    errorOf: (path) => placeOf(sending.error, path),
    submit: () => sending.mutate(values),
    isSending: sending.isPending,
    isSaved: sending.isSuccess,
    error: sending.error,
  };
}

/** A form with its button, and what came of sending it. */
export function Form<Values>({
  form,
  button,
  saved,
  why,
  children,
}: {
  form: FormState<Values>;
  button: string;
  /** The message after saving; undefined where another screen follows. */
  saved?: string;
  /** Why it cannot be sent now: the button is disabled, and this stands under it. */
  why?: string | undefined;
  children: ReactNode;
}) {
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    form.submit();
  };
  return (
    <form className="stack" onSubmit={onSubmit} noValidate>
      {children}
      {form.error !== null && <Problem error={form.error} />}
      <div className="stack">
        <div>
          <Button type="submit" loading={form.isSending} disabled={why !== undefined}>
            {button}
          </Button>
        </div>
        {why !== undefined && <p className="dimmed">{why}</p>}
        <div role="status">{form.isSaved && saved !== undefined && <Note tone="good">{saved}</Note>}</div>
      </div>
      {form.isSending && (
        <span className="visually-hidden" role="status">
          <Trans>Sending…</Trans>
        </span>
      )}
    </form>
  );
}

function placeOf(error: unknown, path: string): string | undefined {
  if (!(error instanceof TillkeeperError)) return undefined;
  return error.errors.find((one) => one.path === `/body/${path}` || one.path?.startsWith(`/body/${path}/`))?.message;
}
