// Shows the OpenAPI document of this server with Scalar. Nothing is asked of any other host.

async function showReference() {
  const content = await readDocument();
  const authentication = await readAuthentication(content.components.securitySchemes);
  Scalar.createApiReference("#reference", {
    content,
    slug: "tillkeeper",
    authentication,
    theme: "none",
    withDefaultFonts: false,
    telemetry: false,
    proxyUrl: "",
    hideClientButton: true,
    showDeveloperTools: "never",
    agent: { disabled: true },
    mcp: { disabled: true },
    documentDownloadType: "none",
    orderSchemaPropertiesBy: "preserve",
    orderRequiredPropertiesFirst: true,
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  });
}

async function readDocument() {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  return answer.json();
}

/** On a sandbox's own machine the page has a token of the sandbox's client; elsewhere the reader brings one. */
async function readAuthentication(schemes) {
  const preferred = { preferredSecurityScheme: Object.keys(schemes).find((name) => schemes[name].type === "http") };
  const isSandbox = document.getElementById("reference").hasAttribute("data-sandbox");
  const shown = isSandbox && (await fetch("/docs/sandbox", { method: "POST" }));
  if (!shown?.ok) return preferred;
  const { http_url, account_id, client_id, client_secret } = await shown.json();
  const audience = `${http_url}/v1/accounts/${account_id}`;
  const tokenUrl = `/v1/accounts/${account_id}/auth/token`;
  const given = await fetch(tokenUrl, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience }),
  });
  if (!given.ok) return preferred;
  const { access_token: token } = await given.json();
  const clientCredentials = {
    token,
    tokenUrl,
    "x-scalar-client-id": client_id,
    clientSecret: client_secret,
    "x-scalar-credentials-location": "header",
  };
  const presets = { http: { token }, oauth2: { flows: { clientCredentials } } };
  const securitySchemes = Object.fromEntries(Object.entries(schemes).map(([name, { type }]) => [name, presets[type]]));
  return { ...preferred, securitySchemes };
}

const state = document.getElementById("reference-state");
showReference().then(
  () => state.remove(),
  (error) => {
    state.firstElementChild.textContent = `The reference could not be shown: ${error.message}. The same is in /openapi.json.`;
  },
);
