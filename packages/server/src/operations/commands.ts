/** What other features may know of messages on their way to terminals. */
export { cancelledAmong, findLastClose, findOperation } from "./queries.ts";
export {
  anyMessageDue,
  type Command,
  claimAfterHello,
  claimMessages,
  findSentBefore,
  type Message,
} from "./sql/claim-messages.ts";
