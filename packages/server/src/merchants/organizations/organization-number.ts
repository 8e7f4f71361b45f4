const weights = [3, 2, 7, 6, 5, 4, 3, 2];

/**
 * Norwegian organization numbers: nine digits, the last a mod-11 check digit over the weights 3 2 7 6 5 4 3 2; a
 * remainder that would need the digit 10 is never issued. Source: Brønnøysund Register Centre's description.
 */
export function isNorwegianOrganizationNumber(text: string): boolean {
  if (!/^\d{9}$/.test(text)) return false;
  const digits = Array.from(text, Number);
  const sum = weights.reduce((total, weight, index) => total + weight * (digits[index] as number), 0);
  const check = (11 - (sum % 11)) % 11;
  return check === digits[8];
}
