import { type NextStep, nextSteps, showStep, stepAfter, stepAfterLate } from "@tillkeeper/contract/next-steps";
import { operationReasons } from "@tillkeeper/contract/operation-reasons";

/** The page on what to do after an operation that FAILED or timed out, from the contract's table. */
export function outcomesPage(): string {
  return `# After FAILED and TIMEOUT

An operation that did not do it says what comes next: \`retryable\`, whether a program may send the same operation again; \`next_step\`, a code
for programs; \`next_step_text\`, the same as a sentence for the person who waits. So does each place in \`errors\` of a 409 that comes from the
terminal: it is busy, or its status or its device does not take the operation.

The end need not be looked for in a loop. With the header \`Prefer: wait=20\` (RFC 7240) the POST that sends an operation, and the GET that reads
one, are answered when it has ended, or after 20 seconds as it is then: if it is still PENDING, read it again in the same way. Give the request's own
time limit some seconds more. An answer without \`Preference-Applied\` has not waited, because too many requests do already, or the server stops: read
again after a second.

It is not said once for all: a \`late_result\` that comes after a TIMEOUT changes it. Read the operation again before you act on it.

**A close that is sent again never closes a batch twice.** Its command names the last close that the server knows of, and the terminal compares
that with its own: it begins only when they are equal. If the close before did go through, the new one ends with \`out_of_step\`, and the
close that was made stands in the list of operations. What is left to a person is \`check_the_close\`: a program cannot know what it means for the day.

## By reason

| \`reason\` | any operation | \`end_of_day\`, where it differs |
| --- | --- | --- |
${operationReasons.map(row).join("\n")}

An \`end_of_day\` with \`unknown_end\` was begun, and nobody knows whether it was completed: after that it is \`check_the_close\`, whatever the
reason.

With TIMEOUT, \`invalid_result\`, the terminal has answered, and \`error\` names what could not be read.

## By \`late_result\`

| \`late_result\` | \`next_step\` |
| --- | --- |
| COMPLETED | \`${stepAfterLate("check_update", { status: "COMPLETED" })}\`, but for: |
${lateRows().join("\n")}
| FAILED | as for the \`reason\` in there |

## The steps

| \`next_step\` | \`retryable\` | \`next_step_text\` |
| --- | --- | --- |
${(Object.keys(nextSteps) as NextStep[]).map(step).join("\n")}
`;
}

function row(reason: (typeof operationReasons)[number]): string {
  const [any, close] = [stepAfter("open_menu", reason), stepAfter("end_of_day", reason)];
  return `| \`${reason}\` | \`${any}\` | ${close === any ? "" : `\`${close}\``} |`;
}

/** The results that came late and do not mean that it is done. */
function lateRows(): string[] {
  const opened = stepAfterLate("open_menu", { status: "COMPLETED", result: { opened: false } });
  const closes = (["declined", "unconfirmed"] as const).map((outcome): [string, NextStep] => [
    `a close with \`outcome\` \`${outcome}\``,
    stepAfterLate("end_of_day", { status: "COMPLETED", result: { outcome } }),
  ]);
  return [...closes, ["`open_menu` with `opened` `false`", opened]].map(([what, to]) => `| ${what} | \`${to}\` |`);
}

function step(name: NextStep): string {
  const { retryable, next_step_text: text } = showStep(name);
  return `| \`${name}\` | ${retryable ? "yes" : "no"} | ${text} |`;
}
