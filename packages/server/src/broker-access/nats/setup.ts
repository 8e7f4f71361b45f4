import { accountJwt, newNatsKeys, sign } from "./keys.ts";

/**
 * The account of the terminals is not in it: what the configuration names is written over at each start of the broker,
 * and the list of revocations would be lost. This server makes it when it connects for the first time.
 */
const about = "Made by `tillkeeper broker nats-setup`; belongs to the keys file that was written beside it.";

/** What a new NATS broker needs to trust this server: the server's keys, and the part of the broker's configuration. */
export function natsSetup(): { keysFile: string; configuration: string } {
  const { keys, file } = newNatsKeys();
  const { operator, system } = keys;
  const systemName = system.getPublicKey();
  const operatorJwt = sign(operator, {
    subject: operator.getPublicKey(),
    name: "tillkeeper",
    type: "operator",
    nats: { system_account: systemName },
  });
  const configuration = `# ${about}
operator: ${operatorJwt}
system_account: ${systemName}
resolver_preload {
  ${systemName}: ${accountJwt(operator, systemName, "system")}
}
`;
  return { keysFile: file, configuration };
}
