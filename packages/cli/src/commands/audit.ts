import { verifyChains } from "@tillkeeper/server/audit/verify";
import { readConfig } from "@tillkeeper/server/config";
import { Command } from "commander";
import { withDatabase } from "../database.ts";

/** `tillkeeper audit verify`: recomputes the hash chain of every account's log; exit code 1 when one does not hold. */
export function auditCommand(): Command {
  const verify = new Command("verify")
    .description("recompute the chains of the audit log; exit code 1 when one does not hold")
    .option("--account <id>", "only this account")
    .action(async ({ account }: { account?: string }) => {
      await withDatabase(readConfig(process.env), async (db) => {
        for await (const { accountId, entries, fault } of verifyChains(db, account)) {
          console.log(`${accountId}  ${fault ? `BROKEN: ${fault}` : `holds, ${entries} entries`}`);
          if (fault) process.exitCode = 1;
        }
      });
    });
  return new Command("audit").description("the log of all changes").addCommand(verify);
}
