import { newNatsKeys, sign } from "./keys.ts";

const noLimits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
/** Sessions and unacknowledged messages of MQTT are kept in streams. */
const streams = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** What a new NATS broker needs to trust this server: the server's keys, and the part of the broker's configuration. */
export function natsSetup(): { keysFile: string; configuration: string } {
  const { keys, file } = newNatsKeys();
  const { operator, account, system } = keys;
  const names = { account: account.getPublicKey(), system: system.getPublicKey() };
  const operatorJwt = sign(operator, {
    subject: operator.getPublicKey(),
    name: "tillkeeper",
    type: "operator",
    nats: { system_account: names.system },
  });
  const accountJwt = (subject: string, name: string, limits: object) =>
    sign(operator, { subject, name, type: "account", nats: { limits } });
  const configuration = `operator: ${operatorJwt}
system_account: ${names.system}
resolver_preload {
  ${names.system}: ${accountJwt(names.system, "system", noLimits)}
  ${names.account}: ${accountJwt(names.account, "tillkeeper", { ...noLimits, ...streams })}
}
`;
  return { keysFile: file, configuration };
}
