const mask = "***";
/** Parts of the names of fields and parameters whose values must not be logged. */
const secretName = /token|secret|passw|pwd|authorization|credential|cookie|assertion|jwt|jwk/i;
const secretParameter = /code|key|auth|sig/i;

/**
 * Removes secrets from a line of the log: tokens by their form, and `Authorization` values. Parameters and fields go by
 * their names, then the user part of URLs, the secret in the path that RabbitMQ requests, and what
 * links of mails name their mail by. Each pattern takes time
 * in proportion to the line's length.
 */
export function withoutSecrets(line: string): string {
  return line
    .replace(/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g, mask)
    .replace(/\b(bearer|basic)((?:\s|%20|\+|\\t)+)(?!realm)[^\s"\\,]{6,}/gi, `$1$2${mask}`)
    .replace(/([?&;][^=?&;\s"\\]*=)([^&;\s"\\#]+)/g, (pair, name: string) =>
      secretName.test(name) || secretParameter.test(name) ? `${name}${mask}` : pair,
    )
    .replace(/((?<!\\)\\*"([\w-]+)\\*"\s*:\s*\\*")([^"\\]+)/g, (field, before: string, name: string) =>
      secretName.test(name) && !name.endsWith("_id") ? `${before}${mask}` : field,
    )
    .replace(/:\/\/[^\s/@"\\?#]+@/g, `://${mask}@`)
    .replace(/\/v1\/broker\/[^/\s"?\\]+\//g, `/v1/broker/${mask}/`)
    .replace(/\/v1\/closing-mails\/[\w-]+/g, `/v1/closing-mails/${mask}`);
}
