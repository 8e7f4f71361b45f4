import { type Static, Type } from "typebox";
import { readAccounts, writeAccounts } from "../scopes.ts";
import { htmlType } from "./closing-reports.ts";
import { endpoint } from "./endpoint.ts";
import { AccountMail, MailTo } from "./mail-schemas.ts";
import { ofAccount } from "./params.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

const AccountMailInput = Type.Object({ mail_to: MailTo }, { additionalProperties: false });
export type AccountMailInput = Static<typeof AccountMailInput>;

const tag = "Closings";
const ofAccountMail = {
  path: "/v1/accounts/:aid/closings/mail",
  schema: AccountMail,
  beside: ["mail"],
} as const satisfies Resource;

/** Mail about business days that were not closed, of all stores of an account. */
export const closingMailEndpoints = {
  get: endpoint({
    method: "GET",
    path: ofAccountMail.path,
    resource: ofAccountMail,
    scopes: readAccounts,
    id: "aid_closings_mail_get",
    summary: "Who is told by mail of days of any store that were not closed",
    tag,
    params: ofAccount,
    answers: { 200: AccountMail },
  }),
  replace: endpoint({
    method: "PUT",
    path: ofAccountMail.path,
    resource: ofAccountMail,
    scopes: writeAccounts,
    id: "aid_closings_mail_put",
    summary: "Set who is told; the addresses of one store are in its configuration",
    tag,
    params: ofAccount,
    body: takesBack(AccountMailInput, AccountMail),
    answers: { 200: AccountMail },
  }),
};

const ofLink = Type.Object({
  token: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$", description: "What the link in a mail names it by." }),
});
const page = {
  scopes: "public",
  tag,
  params: ofLink,
  answers: { 200: Type.Any() },
  binary: htmlType,
  limited: "per address",
  outsideSdk: "for people: links in mails lead here",
  errors: ["mail_link_not_found"],
} as const;
/** The body says nothing that the address does not say; RFC 8058 lets mail programs send either type. */
const click = {
  ...page,
  method: "POST",
  upload: ["application/x-www-form-urlencoded", "multipart/form-data"],
  bodyOptional: true,
} as const;
const link = "/v1/closing-mails/:token";

/** Pages behind the links of mails. */
export const mailLinkEndpoints = {
  day: endpoint({
    ...page,
    method: "GET",
    path: link,
    id: "closing_mails_token_get",
    summary: "How the day of a mail stands now, as a page without figures; for 35 days",
  }),
  endPage: endpoint({
    ...page,
    method: "GET",
    path: `${link}/end`,
    id: "closing_mails_token_end_get",
    summary: "A page with a button that ends these mails for the address of the mail; it ends nothing by itself",
  }),
  end: endpoint({
    ...click,
    path: `${link}/end`,
    id: "closing_mails_token_end_post",
    summary: "End these mails for the address of the mail, in one click (RFC 8058)",
  }),
  resume: endpoint({
    ...click,
    path: `${link}/resume`,
    id: "closing_mails_token_resume_post",
    summary: "Let the mails come again",
  }),
};
