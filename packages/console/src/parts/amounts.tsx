import { Money } from "./money.tsx";

/** Amounts in several currencies, one below the other: they are never added. */
export function Amounts({ of }: { of: readonly { currency: string; minor: number }[] }) {
  return of.map(({ currency, minor }) => (
    <div key={currency}>
      <Money minor={minor} currency={currency} />
    </div>
  ));
}
