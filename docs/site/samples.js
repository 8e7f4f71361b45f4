// Programs that close the day of a store, with the credentials of the sandbox in them, for the page /sandbox. The page's test runs each.
globalThis.samplesOf = ({ http_url: url, account_id: account, client_id: client, client_secret: secret }, store) => {
  const text = JSON.stringify;
  const shell = (value) => `'${value.replaceAll("'", `'\\''`)}'`;
  const path = `/v1/accounts/${encodeURIComponent(account)}`;
  const closings = `${path}/stores/${encodeURIComponent(store)}/closings`;
  const audience = `${url}${path}`;
  const grant = text({ grant_type: "client_credentials", audience });
  const json = "-H 'Content-Type: application/json'";
  return [
    {
      name: "curl",
      lines: [
        `TOKEN=$(curl -sS -u ${shell(`${client}:${secret}`)} ${json} -d ${shell(grant)} ${shell(`${audience}/auth/token`)} \\`,
        `  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
        `curl -sS -w '\\n' -X POST -H "Authorization: Bearer $TOKEN" -H 'Prefer: wait=20' ${shell(`${url}${closings}`)}`,
      ],
    },
    {
      name: "TypeScript",
      needs: "Needs the package @tillkeeper/sdk, which a checkout has.",
      lines: [
        'import { createClient } from "@tillkeeper/sdk";',
        "",
        "const client = createClient({",
        `  url: ${text(url)},`,
        `  accountId: ${text(account)},`,
        `  clientId: ${text(client)},`,
        `  clientSecret: ${text(secret)},`,
        "});",
        `const closing = await client.closings.close(${text(store)}, { onProgress: ({ text }) => console.log(text) });`,
        "console.log(closing.state, closing.text);",
      ],
    },
    {
      name: "Command line",
      needs: "Needs the package tillkeeper, which a checkout has.",
      lines: [
        `export TILLKEEPER_URL=${shell(url)} TILLKEEPER_ACCOUNT=${shell(account)}`,
        `export TILLKEEPER_CLIENT_ID=${shell(client)} TILLKEEPER_CLIENT_SECRET=${shell(secret)}`,
        `npx tillkeeper close ${shell(store)}`,
      ],
    },
    {
      name: "Python",
      needs: "Needs Python 3 and nothing else.",
      lines: [
        "import base64, json, urllib.request",
        "",
        `url, account = ${text(url)}, ${text(account)}`,
        `client, secret = ${text(client)}, ${text(secret)}`,
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
        `closing = call('POST', ${text(closings)}, {}, **waiting)`,
        "while closing['state'] == 'running':",
        "    print(closing['text'])",
        `    closing = call('GET', ${text(`${closings}/`)} + closing['id'], **waiting)`,
        "print(closing['state'], closing['text'])",
      ],
    },
  ].map(({ lines, ...sample }) => ({ ...sample, text: `${lines.join("\n")}\n` }));
};
