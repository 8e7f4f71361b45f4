/** The functions of operations that other features use for messages to terminals. */
export { cancelledAmong, findLastClose, findOperation } from "./queries.ts";
export {
  anyMessageDue,
  type Command,
  claimAfterHello,
  claimMessages,
  findSentBefore,
  type Message,
} from "./sql/claim-messages.ts";
