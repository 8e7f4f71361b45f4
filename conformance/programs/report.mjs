/** The server to ask, from the environment. */
export const server = {
  url: process.env.SERVER_URL,
  account: process.env.SERVER_ACCOUNT,
  clientId: process.env.SERVER_CLIENT_ID,
  clientSecret: process.env.SERVER_CLIENT_SECRET,
};

/** Runs each case, uses the token that it gets, and prints what came of all: "token" or the error that the library raised. */
export async function report(cases, codeOf) {
  const found = {};
  for (const [name, ask] of Object.entries(cases)) {
    try {
      const { access_token, token_type } = await ask();
      const used = await fetch(`${server.url}/v1/accounts/${server.account}/stores`, {
        headers: { authorization: `${token_type} ${access_token}` },
      });
      found[name] = used.status === 200 ? "token" : `a token that is answered with ${used.status}`;
    } catch (error) {
      found[name] = codeOf(error);
    }
  }
  console.log(JSON.stringify(found));
}
