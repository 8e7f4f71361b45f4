import { errorCodes } from "@tillkeeper/contract/http/errors";

/** docs/errors.md: every code with its status, what it means and what to do, straight from the contract. */
export function errorsPage(): string {
  const rows = Object.entries(errorCodes)
    .toSorted(([a, one], [b, other]) => one.status - other.status || a.localeCompare(b))
    .map(([code, { status, cause, cure }]) => `| ${status} | \`${code}\` | ${cause} | ${cure} |`);
  return `# Errors

Every answer that is not a success has this body, and a \`request-id\` header that the server's log repeats:

\`\`\`json
{ "error": { "code": "invalid_request", "message": "…", "errors": [{ "path": "/body/store_id", "message": "is required" }] } }
\`\`\`

\`code\` is for programs and stays; \`message\` is for people and may change. \`path\` is a JSON pointer that starts at \`/body\`, \`/query\`,
\`/path\` or \`/headers\`; \`errors\` is empty when there is no place to name. A code always comes with the same status. What belongs to
another account is answered exactly as what does not exist.

| status | code | cause | cure |
| --- | --- | --- | --- |
${rows.join("\n")}

This page is made from the contract by \`npm run reference\`.
`;
}
