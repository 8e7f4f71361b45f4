/**
 * What of the system tests does not run against three servers on an outside broker and database, and why. All of it runs
 * against one server, in `npm test`.
 */
interface ExcludedFile {
  /** Below `packages/server/test`. */
  file: string;
  reason: string;
}

interface ExcludedTest extends ExcludedFile {
  /** Its name, or that of the group it stands in. */
  test: string;
}

export const excludedFiles: readonly ExcludedFile[] = [
  { file: "embedded/**", reason: "tests the supervisor of the embedded PostgreSQL; no server is started" },
  {
    file: "device-isolation.test.ts",
    reason: "tests the access rules of the embedded broker; outside, the operator sets them",
  },
  {
    file: "endpoints.test.ts",
    reason: "sets the secret of brokers, with which the embedded one goes; what is registered is the same everywhere",
  },
  {
    file: "migrations.test.ts",
    reason: "tests migrations on a database that has none yet; its server is started once",
  },
  {
    file: "operation-conflicts.test.ts",
    reason:
      "needs 25 operations at one server; several know of each other's every ten seconds, which it tests with two",
  },
  {
    file: "releases-flow.test.ts",
    reason: "its virtual terminals get their release keys from the server in the same process",
  },
  { file: "logs-share.test.ts", reason: "each server counts for itself, so that three take in three times as much" },
  {
    file: "token-lapse.test.ts",
    reason: "tests what the embedded broker ends; at an outside one `credential-ends.test.ts` does",
  },
  {
    file: "change-of-carrier.test.ts",
    reason: "each server has a mailbox of its own for a terminal, and the agent's requests come to several",
  },
  {
    file: "presence-clock.test.ts",
    reason: "sets the clock of a server; of three each is set a moment after the other, and reads what that one wrote",
  },
  {
    file: "wall-clock.test.ts",
    reason: "starts a second server beside one, in a process with another wall clock and a broker of its own",
  },
  {
    file: "replaced-elsewhere.test.ts",
    reason: "tests what an outside broker does not tell: who is connected by which credential",
  },
  {
    file: "virtual-terminals-moving.test.ts",
    reason: "starts a second server to which a virtual terminal moves; of three, any may take it",
  },
  { file: "broker-limits.test.ts", reason: "tests the limits of the embedded broker" },
  { file: "broker-protocol.test.ts", reason: "tests the protocol of the embedded broker" },
  {
    file: "reconnect-storm.test.ts",
    reason: "says all at once what only the embedded broker lets wait for its CONNACK",
  },
  {
    file: "locked-out-devices.test.ts",
    reason: "tests what an outside broker does not tell: by which credential somebody was let in",
  },
];

const credentialsAtTheBroker =
  "tests that the embedded broker refuses a credential; outside, that is the operator's business";
const whoIsConnected = "tests what depends on who is connected, which an outside broker does not tell";
const wills = "tests which wills the embedded broker accepts; outside, that is the operator's business";

const oneMailbox = "each server has a mailbox of its own for a terminal, and the requests of the test come to several";

const saysTooMuch = "says more at once than is taken of one terminal where nothing can be left unread";

export const excludedTests: readonly ExcludedTest[] = [
  { file: "presence.test.ts", test: "makes no history of names of connections", reason: saysTooMuch },
  {
    file: "files-hanging.test.ts",
    test: "does not keep an older upload from ending when a newer one comes, nor the server from stopping",
    reason: "a newer upload ends an older one of the same server; of three it may come to another",
  },
  {
    file: "presence.test.ts",
    test: "makes little history of one that comes and goes all the time, and tells how that ended",
    reason: saysTooMuch,
  },
  {
    file: "operation-cancel.test.ts",
    test: "ends one at once that never went out, frees the terminal, and can be repeated",
    reason: whoIsConnected,
  },
  { file: "operation-phases.test.ts", test: "say why an operation timed out", reason: whoIsConnected },
  {
    file: "hardware-swap.test.ts",
    test: "puts another device in a terminal's place: identity and history stay, the old device is out at once",
    reason: credentialsAtTheBroker,
  },
  {
    file: "hardware-swap.test.ts",
    test: "is refused while the device may be carrying something out, and cancels what it cannot have begun",
    reason: whoIsConnected,
  },
  {
    file: "handing-in.test.ts",
    test: "are few in a minute where nobody asked for them: those that were taken stay, the others wait",
    reason: "each server counts for itself, so that three take in three times as much",
  },
  {
    file: "memory-lost.test.ts",
    test: "is given another address, and the one before gets nothing more at any server",
    reason: credentialsAtTheBroker,
  },
  {
    file: "power.test.ts",
    test: "is refused to a client that was removed, while its token still reads",
    reason: "each server looks up the grant of a token that it sees for the first time",
  },
  {
    file: "pairing-limits.test.ts",
    test: "get sixty tokens a minute, of which a stranger takes none",
    reason: "each server counts the tokens of a minute for itself",
  },
  {
    file: "pairing-limits.test.ts",
    test: "are told to wait, by address",
    reason: "each server counts for itself, so that three let through three times as much",
  },
  ...[
    "has ten tries a minute for a serial number from one network, and locks nobody else out",
    "has them for a whole subscriber's network of IPv6",
  ].map((test) => ({
    file: "pairing-guesses.test.ts",
    test,
    reason: "each server counts the tries of a minute for itself; the ceiling of a code holds over all",
  })),
  {
    file: "pairing-tokens.test.ts",
    test: "open every server, until they run out; whoever is connected stays",
    reason: credentialsAtTheBroker,
  },
  {
    file: "pairing-tokens.test.ts",
    test: "end everywhere when the terminal is deleted, as do their connections",
    reason: credentialsAtTheBroker,
  },
  {
    file: "pairing-tokens.test.ts",
    test: "end everywhere when the terminal is given a password, as do their connections",
    reason: credentialsAtTheBroker,
  },
  {
    file: "pairing-tokens.test.ts",
    test: "end everywhere when the terminal is paired again, as do their connections",
    reason: credentialsAtTheBroker,
  },
  {
    file: "pairing-tokens.test.ts",
    test: "end everywhere when the terminal is put on other hardware, as do their connections",
    reason: credentialsAtTheBroker,
  },
  {
    file: "long-poll.test.ts",
    test: "goes over to a newer session, and tells the older one",
    reason: oneMailbox,
  },
  {
    file: "long-poll.test.ts",
    test: "holds few requests of a terminal: a third ends the first",
    reason: oneMailbox,
  },
  {
    file: "logs-upload.test.ts",
    test: "are one per operation: the newest that is whole wins, and the older ends",
    reason: "each server ends the older of its own uploads; between servers the database decides at the end",
  },
  {
    file: "presence.test.ts",
    test: "hears no will of a connection that says DISCONNECT, or that a newer one takes the place of",
    reason:
      "tests that the embedded broker keeps quiet about a connection that is replaced; others say that it is lost",
  },
  { file: "presence.test.ts", test: "lets nobody leave any other will", reason: wills },
  {
    file: "presence-links.test.ts",
    test: "do no harm where another server takes over, and both write each change once",
    reason: "tests two servers with a broker each",
  },
  {
    file: "rate-limits.test.ts",
    test: "holds an address back that asks for too many tokens, right ones or wrong ones",
    reason: "each server counts for itself, so that three let through three times as much",
  },
  {
    file: "terminals-deletion.test.ts",
    test: "tells a connected terminal to close its day first, and ends its credential with that",
    reason: credentialsAtTheBroker,
  },
  {
    file: "terminals-deletion.test.ts",
    test: "ends the credential of a terminal that never answers when the time for it is up, also over a restart",
    reason: credentialsAtTheBroker,
  },
  {
    file: "terminals-deletion.test.ts",
    test: "ends the credential of a disconnected terminal at once, and nothing stays queued for it",
    reason: whoIsConnected,
  },
  {
    file: "terminals-deletion.test.ts",
    test: "lets a live operation run to its end instead, and one that a disconnected device has begun, too",
    reason: credentialsAtTheBroker,
  },
  {
    file: "terminals-deletion.test.ts",
    test: "sends no end_of_day where none is allowed, and ends the connection at once",
    reason: credentialsAtTheBroker,
  },
  {
    file: "terminals-deletion.test.ts",
    test: "frees the serial number, but never the terminal's number; the new terminal is another one",
    reason: credentialsAtTheBroker,
  },
  { file: "terminals-deletion.test.ts", test: "delete a virtual terminal", reason: whoIsConnected },
  {
    file: "virtual-terminals.test.ts",
    test: "are another device when their memory is lost: they get another address, and go on from the last close",
    reason: "a virtual terminal says that its memory is lost to the server in its own process",
  },
];
