import { type Exchange, keyOf } from "../exchange.ts";
import { commandOf, type RunLog, sameCommand } from "../run-log.ts";
import { broken, type Judgement, kept, type Rule, worst } from "./rule.ts";

const guide = 'the guide "Terminal operations", section Idempotency';

/** The rules about `Idempotency-Key`: without it, or with the wrong one, a day is closed twice. */
export const keyRules: readonly Rule[] = [
  {
    name: "key-sent",
    text: "sends every command with an Idempotency-Key, so that it can be sent again",
    source: guide,
    untried: "It sent no command.",
    judge: ({ posts }) => {
      const without = posts.find((post) => keyOf(post) === undefined);
      if (without) return broken("A command had no Idempotency-Key.", without);
      return posts[0] && kept("Every command had a key.", posts[0]);
    },
  },
  {
    name: "key-kept",
    text: "sends a command again with the same key when it cannot know whether it was carried out",
    source: `${guide}; errors.md, service_unavailable`,
    untried: "It sent no command again after an answer was lost.",
    judge: (log) => worst(log.posts.map((post) => judgeRetry(log, post))),
  },
  {
    name: "key-renewed",
    text: "takes a new key for a new attempt, once an operation has ended",
    source: `${guide}; openapi.json, Idempotency-Key: the same key gives the same answer for 48 hours`,
    untried: "It made no new attempt after an operation had ended.",
    judge: judgeNewAttempts,
  },
  {
    name: "key-one-request",
    text: "never uses a key for two different commands",
    source: "errors.md, idempotency_key_reused",
    untried: "It sent no command with a key.",
    judge: ({ posts }) => {
      const keyed = posts.filter((post) => keyOf(post) !== undefined);
      for (const [index, post] of keyed.entries()) {
        const other = keyed.slice(0, index).find((one) => keyOf(one) === keyOf(post) && !sameCommand(one, post));
        if (other) return broken("Two different commands had the same key.", other, post);
      }
      return keyed[0] && kept("No key came with two different commands.", keyed[0]);
    },
  },
];

/** What comes after a command whose outcome the program cannot know. */
function judgeRetry(log: RunLog, post: Exchange): Judgement | undefined {
  const isUnknown = post.fate !== undefined || (post.answer?.status ?? 0) >= 500;
  const { endedAt } = post;
  if (!isUnknown || endedAt === undefined || keyOf(post) === undefined) return undefined;
  const next = log.posts.find((one) => one.at >= endedAt && sameCommand(one, post));
  if (!next) return undefined;
  if (keyOf(next) === keyOf(post)) return kept("The command came again with its key.", post, next);
  // A program that looked first may know that the command did not arrive.
  const looked = log.reads.some((read) => read.at >= endedAt && read.at < next.at && read.answer?.status === 200);
  if (looked) return undefined;
  return broken("The command came again with another key: the terminal may carry it out twice.", post, next);
}

function judgeNewAttempts(log: RunLog): Judgement | undefined {
  const found = log.operations.flatMap(({ id, key, post }) => {
    const end = log.endSeen(id);
    if (!end || key === undefined) return [];
    const next = log.posts.find((one) => one.at > end.at && commandOf(one) === commandOf(post));
    if (!next || keyOf(next) === undefined) return [];
    if (keyOf(next) !== key) return kept("A new attempt had a new key.", post, next);
    return broken(`The key of an operation that was ${end.status} came again: it gives the old answer.`, post, next);
  });
  return worst(found);
}
