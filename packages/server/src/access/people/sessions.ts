import type { Session, SignedInList } from "@tillkeeper/contract/http/people";
import { type Role, roleScopes } from "@tillkeeper/contract/roles";
import type { FastifyRequest } from "fastify";
import type { Db, Tx } from "../../db/db.ts";
import { asAccount } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import type { Principal } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { recordChange } from "../audit/audit.ts";
import { newSecret, sha256 } from "../auth/secrets/secrets.ts";
import type { SecondFactor } from "./codes.ts";
import type { SessionCookies } from "./cookies.ts";
import { sessionSeconds } from "./lifetimes.ts";
import {
  endSessions,
  findSession,
  listSessions,
  namesOf,
  noteSeen,
  type SessionRow,
  usersOfPerson,
} from "./queries.ts";

export interface SessionDeps {
  db: Db;
  clock: Clock;
  cookies: SessionCookies;
}

/** The live session of a request; undefined without one. A page of another origin has none. */
export async function sessionOf({ db, clock, cookies }: SessionDeps, request: FastifyRequest) {
  const token = cookies.read(request);
  if (token === undefined) return undefined;
  const now = clock.realNow();
  return inTurn(db, networkOf(request.ip), async () => {
    const session = await findSession(db.sql, sha256(token), now);
    if (session) await noteSeen(db.sql, session.id, now);
    return session;
  });
}

/** Throws `missing_session`. */
export async function requireSession(deps: SessionDeps, request: FastifyRequest): Promise<SessionRow> {
  const session = await sessionOf(deps, request);
  if (session) return session;
  throw new ApiError("missing_session", "Nobody is signed in.", { headers: { "www-authenticate": "Cookie" } });
}

/** The principal of a session in an account, in the form of a token's. Undefined without a session. Throws `account_not_found`. */
export async function principalOfSession(
  deps: SessionDeps,
  request: FastifyRequest,
): Promise<(Principal & { userId: string }) | undefined> {
  const session = await sessionOf(deps, request);
  if (!session) return undefined;
  const { aid, oid } = request.params as { aid?: string; oid?: string };
  const users = await inTurn(deps.db, networkOf(request.ip), () => usersOfPerson(deps.db.sql, session.person_id));
  const user = users.find(({ account_id: accountId }) => accountId === (aid ?? oid));
  // An address without an account has none to take from a token.
  if (!user) throw new ApiError("account_not_found", "There is no such account.");
  return {
    accountId: user.account_id,
    clientId: user.id,
    clientAccountId: user.account_id,
    grantId: "",
    userId: user.id,
    scopes: new Set<string>(roleScopes[user.role]),
    ...limitOf(user),
  };
}

/** The stores that a user is limited to; the database enforces them for all statements of the request. */
export function limitOf({ role, stores }: { role: Role; stores: string[] | null }): Pick<Principal, "stores"> {
  return role === "store" ? { stores: stores ?? [] } : {};
}

/** Who signs in, for the audit log. */
export interface Visitor {
  address: string;
  requestId: string;
  userAgent: string;
}

/** The visitor of a request. */
export function visitorOf(request: FastifyRequest): Visitor {
  const userAgent = (request.headers["user-agent"] ?? "").slice(0, 255);
  return { address: request.ip, requestId: request.id, userAgent };
}

/** Begins a new session of a person, in the caller's transaction, with an entry in the audit log of each account. Returns its token. */
export async function beginSession(
  tx: Tx,
  clock: Clock,
  { personId, visitor, by, secondFactor }: Beginning,
): Promise<string> {
  const token = newSecret();
  const now = clock.realNow();
  const id = newId(now);
  const { address, userAgent } = visitor;
  await tx
    .insertInto("sessions")
    .values({
      id,
      person_id: personId,
      token_sha256: sha256(token),
      created_at: now,
      seen_at: now,
      expires_at: new Date(now.getTime() + sessionSeconds * 1_000),
      address,
      network: networkOf(address),
      user_agent: userAgent,
    })
    .execute();
  const after = { session_id: id, by, ...(secondFactor && { second_factor: secondFactor }) };
  await recordOfPerson(tx, clock, { personId, visitor, action: "user.sign_in", after });
  return token;
}

interface Beginning {
  personId: string;
  visitor: Visitor;
  by: "password" | "link" | "oidc";
  secondFactor?: SecondFactor | undefined;
}

/** Writes an entry about a person into the audit log of each of its accounts, in the caller's transaction. */
export async function recordOfPerson(
  tx: Tx,
  clock: Clock,
  { personId, visitor, action, after }: { personId: string; visitor: Visitor; action: string; after?: object },
): Promise<void> {
  const { address, requestId } = visitor;
  // In one order, as each append locks the head of a log.
  for (const { account_id: accountId, id } of await usersOfPerson(tx, personId)) {
    const actor = { accountId, clientId: id, address, requestId };
    const change = { action, subject: { type: "user", id }, ...(after && { after }) };
    await asAccount(tx, accountId, accountId, () => recordChange(tx, clock, actor, change));
  }
}

/** Who is signed in, and where. */
export async function showSession(deps: SessionDeps, request: FastifyRequest): Promise<Session> {
  const session = await requireSession(deps, request);
  return inTurn(deps.db, networkOf(request.ip), async () => {
    const person = await deps.db.sql
      .selectFrom("people")
      .select(["id", "name", "email", "language"])
      .where("id", "=", session.person_id)
      .executeTakeFirstOrThrow();
    const users = await usersOfPerson(deps.db.sql, person.id);
    const { accounts, stores } = await namesOf(deps.db.sql, users);
    return {
      user: person,
      accounts: users.map((user) => ({
        account_id: user.account_id,
        name: accounts.find((account) => account.account_id === user.account_id)?.name ?? "",
        user_id: user.id,
        role: user.role,
        ...(user.role === "store" && {
          stores: stores
            .filter((store) => store.account_id === user.account_id)
            .map((store) => ({ id: store.id, store_id: store.store_id, name: store.store_name })),
        }),
        scopes: [...roleScopes[user.role]],
      })),
    };
  });
}

/** The person's live sessions. */
export async function showSessions(deps: SessionDeps, request: FastifyRequest): Promise<SignedInList> {
  const current = await requireSession(deps, request);
  const rows = await inTurn(deps.db, networkOf(request.ip), () =>
    listSessions(deps.db.sql, current.person_id, deps.clock.realNow()),
  );
  return {
    sessions: rows.map((row) => ({
      id: row.id,
      current: row.id === current.id,
      created_at: preciseTime(row.created_at),
      last_seen_at: preciseTime(row.seen_at),
      expires_at: preciseTime(row.expires_at),
      address: row.address,
      user_agent: row.user_agent,
    })),
  };
}

/** Ends one of the person's sessions; left out, the one of the request. Throws `session_not_found`. */
export async function endSession(deps: SessionDeps, request: FastifyRequest, id?: string): Promise<void> {
  const current = await requireSession(deps, request);
  const only = id ?? current.id;
  const ended = await inTurn(deps.db, networkOf(request.ip), () =>
    endSessions(deps.db.sql, { personId: current.person_id, only, now: deps.clock.realNow() }),
  );
  if (ended === 0) throw new ApiError("session_not_found", "There is no such session.");
}
