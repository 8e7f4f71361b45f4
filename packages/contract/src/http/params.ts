import { Type } from "typebox";
import { AccountId, OperatorAccountId } from "../accounts.ts";

/** An id in a path, in any form: an unknown id is answered as not found. */
export const PathId = Type.String({ minLength: 1, maxLength: 255 });

export const ofAccount = Type.Object({ aid: AccountId });
export const ofOperatorAccount = Type.Object({ oid: OperatorAccountId });
export const ofStore = Type.Object({ aid: AccountId, store_id: PathId });
export const ofTerminal = Type.Object({ aid: AccountId, terminal_id: PathId });
