const weights = [3, 2, 7, 6, 5, 4, 3, 2];

/**
 * Checks a Norwegian organization number: nine digits, the last a mod-11 check digit over the weights 3 2 7 6 5 4 3 2.
 * Numbers that would need the check digit 10 are never issued, nor any that begin with 0: numbers begin with 8 or 9, those of
 * the authorities' test data with 2 or 3. So 000000000 is none, though its check digit fits. Source: Brønnøysund Register Centre's description.
 */
export function isNorwegianOrganizationNumber(text: string): boolean {
  if (!/^[1-9]\d{8}$/.test(text)) return false;
  const digits = Array.from(text, Number);
  const sum = weights.reduce((total, weight, index) => total + weight * (digits[index] as number), 0);
  const check = (11 - (sum % 11)) % 11;
  return check === digits[8];
}
