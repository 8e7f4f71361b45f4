const bearer = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** The JWT of an `Authorization: Bearer` header; `undefined` for a header of any other form. */
export function bearerToken(authorization: string): string | undefined {
  return bearer.exec(authorization)?.[1];
}
