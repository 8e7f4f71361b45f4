// Programs that close the day of a store, with the credentials of the sandbox in them, for the page /sandbox. The page's test runs each.
globalThis.samplesOf = (access, store) => {
  const path = `/v1/accounts/${encodeURIComponent(access.account_id)}`;
  const of = { ...access, store, path, closings: `${path}/stores/${encodeURIComponent(store)}/closings` };
  const samples = [
    { name: "curl", lines: curlLines(of) },
    { name: "TypeScript", needs: "Needs the package @tillkeeper/sdk, which a checkout has.", lines: sdkLines(of) },
    { name: "Command line", needs: "Needs the package tillkeeper, which a checkout has.", lines: commandLines(of) },
    { name: "Python", needs: "Needs Python 3 and nothing else.", lines: pythonLines(of) },
  ];
  return samples.map(({ lines, ...sample }) => ({ ...sample, text: `${lines.join("\n")}\n` }));
};

/** A text as it is quoted in JavaScript and Python. */
const quoted = JSON.stringify;

/** A text as one word of a shell. */
const word = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curlLines({ http_url: url, client_id: client, client_secret: secret, path, closings }) {
  const json = "-H 'Content-Type: application/json'";
  const grant = quoted({ grant_type: "client_credentials", audience: `${url}${path}` });
  return [
    `TOKEN=$(curl -sS -u ${word(`${client}:${secret}`)} ${json} -d ${word(grant)} ${word(`${url}${path}/auth/token`)} \\`,
    `  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS -w '\\n' -X POST -H "Authorization: Bearer $TOKEN" -H 'Prefer: wait=20' ${word(`${url}${closings}`)}`,
  ];
}

function sdkLines({ http_url: url, account_id: account, client_id: client, client_secret: secret, store }) {
  return [
    'import { createClient } from "@tillkeeper/sdk";',
    "",
    "const client = createClient({",
    `  url: ${quoted(url)},`,
    `  accountId: ${quoted(account)},`,
    `  clientId: ${quoted(client)},`,
    `  clientSecret: ${quoted(secret)},`,
    "});",
    `const closing = await client.closings.close(${quoted(store)}, { onProgress: ({ text }) => console.log(text) });`,
    "console.log(closing.state, closing.text);",
  ];
}

function commandLines({ http_url: url, account_id: account, client_id: client, client_secret: secret, store }) {
  return [
    `export TILLKEEPER_URL=${word(url)} TILLKEEPER_ACCOUNT=${word(account)}`,
    `export TILLKEEPER_CLIENT_ID=${word(client)} TILLKEEPER_CLIENT_SECRET=${word(secret)}`,
    `npx tillkeeper close ${word(store)}`,
  ];
}

function pythonLines({ http_url: url, account_id: account, client_id: client, client_secret: secret, closings }) {
  return [
    "import base64, json, urllib.request",
    "",
    `url, account = ${quoted(url)}, ${quoted(account)}`,
    `client, secret = ${quoted(client)}, ${quoted(secret)}`,
    "",
    "def call(method, path, body=None, **headers):",
    "    data = None if body is None else json.dumps(body).encode()",
    "    if data: headers['Content-Type'] = 'application/json'",
    "    request = urllib.request.Request(url + path, data, headers, method=method)",
    "    with urllib.request.urlopen(request) as answer: return json.load(answer)",
    "",
    "basic = base64.b64encode(f'{client}:{secret}'.encode()).decode()",
    "grant = {'grant_type': 'client_credentials', 'audience': f'{url}/v1/accounts/{account}'}",
    "token = call('POST', f'/v1/accounts/{account}/auth/token', grant, Authorization=f'Basic {basic}')['access_token']",
    "",
    "waiting = {'Authorization': f'Bearer {token}', 'Prefer': 'wait=20'}",
    `closing = call('POST', ${quoted(closings)}, {}, **waiting)`,
    "while closing['state'] == 'running':",
    "    print(closing['text'])",
    `    closing = call('GET', ${quoted(`${closings}/`)} + closing['id'], **waiting)`,
    "print(closing['state'], closing['text'])",
  ];
}
