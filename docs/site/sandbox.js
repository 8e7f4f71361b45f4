// The page /sandbox: terminals with their faults, a button that closes a store's day, samples, and the last requests. It signs in as the sandbox's
// client with what the server tells its own machine alone; the token stays in this script, so no other page can use it.
const place = document.getElementById("try");
const faults = JSON.parse(place.dataset.faults);
let access;
let token;

async function start() {
  const answer = await fetch("/docs/sandbox", { method: "POST" });
  if (!answer.ok) return;
  access = await answer.json();
  try {
    const { stores } = await call("GET", `${account()}/presence`);
    const sections = await Promise.all(stores.map(({ store_id: id }) => storeSection(id)));
    // The newest comes first; a sandbox begins with the store whose terminals are well.
    const samples = stores.slice(-1).map(({ store_id: id }) => sampleSection(id));
    place.replaceChildren(...sections, ...samples, requestSection());
  } catch (error) {
    place.replaceChildren(element("p", error.message));
  }
}

const account = () => `/v1/accounts/${encodeURIComponent(access.account_id)}`;

async function signIn() {
  const { account_id, client_id, client_secret, http_url } = access;
  const answer = await fetch(`${account()}/auth/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${http_url}/v1/accounts/${account_id}` }),
  });
  if (!answer.ok) throw new Error(`No access token was given: status ${answer.status}.`);
  token = (await answer.json()).access_token;
}

/** Sends a request, once more with a new token if its token has ended. */
async function call(method, path, { body, wait, isAgain = false } = {}) {
  if (!token) await signIn();
  const headers = { authorization: `Bearer ${token}` };
  if (body) headers["content-type"] = "application/json";
  if (wait) headers.prefer = `wait=${wait}`;
  const answer = await fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (answer.status === 401 && !isAgain) {
    token = undefined;
    return call(method, path, { body, wait, isAgain: true });
  }
  const content = await answer.json();
  if (answer.ok) return content;
  const { code, message } = content.error ?? content;
  throw new Error(
    `${message ?? "The request failed."} (${code ?? answer.status}, request ${answer.headers.get("request-id")})`,
  );
}

async function storeSection(storeId) {
  const path = `${account()}/stores/${encodeURIComponent(storeId)}`;
  const { terminals } = await call("GET", `${path}/presence`);
  const section = document.createElement("section");
  const outcome = document.createElement("div");
  outcome.setAttribute("aria-live", "polite");
  const rows = await Promise.all(terminals.map(terminalRow));
  const button = element("button", "Close the day");
  button.type = "button";
  button.className = "copy";
  button.addEventListener("click", () => void closeDay(path, button, outcome));
  section.append(element("h2", `Store ${storeId}`), table(["Terminal", "Presence", "Fault"], rows), button, outcome);
  return section;
}

async function terminalRow({ terminal_id: id, status }) {
  const path = `/v1/sandbox/terminals/${encodeURIComponent(id)}`;
  const shown = await call("GET", path).catch(() => undefined);
  return [element("code", id), status, shown ? faultChoice(id, path, shown) : "no virtual terminal"];
}

function faultChoice(id, path, { fault }) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", `Fault of ${id}`);
  choice.append(new Option("as its serial number says", ""), ...faults.map((name) => new Option(name, name)));
  choice.value = fault ?? "";
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  choice.addEventListener("change", () => void setFault(path, choice.value, note));
  const both = document.createElement("div");
  both.append(choice, note);
  return both;
}

async function setFault(path, name, note) {
  note.textContent = " …";
  try {
    // What else is set stays: the request replaces all of it.
    const { fault: _before, ...others } = await call("GET", path);
    const { in_force } = await call("PUT", path, { body: { ...others, ...(name && { fault: name }) } });
    note.textContent = in_force ? " set" : " set, in force once the terminal runs";
  } catch (error) {
    note.textContent = ` ${error.message}`;
  }
}

/** Programs that close the store's day, of which one is open at a time. */
function sampleSection(storeId) {
  const section = document.createElement("section");
  const samples = samplesOf(access, storeId).map(({ name, needs, text }, index) => {
    const sample = document.createElement("details");
    sample.name = "sample";
    sample.open = index === 0;
    const pre = document.createElement("pre");
    pre.tabIndex = 0;
    pre.append(element("code", text));
    const parts = [element("summary", name), ...(needs ? [element("p", needs)] : []), pre];
    sample.append(...parts, copyButton({ text, shown: `Copy ${name}` }));
    return sample;
  });
  const intro = `Each closes the day of ${storeId} with the credentials of this sandbox, waits, and prints how it went.`;
  section.append(element("h2", "From your own program"), element("p", intro), ...samples);
  return section;
}

/** The last requests of the account. They come when the button is pressed: the page's own requests are among them. */
function requestSection() {
  const section = document.createElement("section");
  const shown = document.createElement("div");
  shown.setAttribute("aria-live", "polite");
  const button = element("button", "Show the last requests");
  button.type = "button";
  button.className = "copy";
  button.addEventListener("click", () => void showRequests(button, shown));
  section.append(element("h2", "Requests"), button, shown);
  return section;
}

async function showRequests(button, shown) {
  button.disabled = true;
  try {
    const { requests } = await call("GET", "/v1/sandbox/requests?limit=20");
    const rows = requests.map(
      ({ at, method, path, status, code, client_id: client, request_id: id, duration_ms: ms }) => [
        at.slice(11, 19),
        element("code", `${method} ${path}`),
        code ? `${status} ${code}` : String(status),
        `${ms}\u00a0ms`,
        shortened(client),
        copyButton({ text: id, shown: id.slice(0, 8), label: `Copy request id ${id}`, title: id }),
      ],
    );
    const heads = ["Time (UTC)", "Request", "Answer", "Took", "Client", "Request id"];
    shown.replaceChildren(rows.length > 0 ? table(heads, rows) : element("p", "There are none yet."));
    button.textContent = "Show new requests";
  } catch (error) {
    shown.replaceChildren(element("p", error.message));
  }
  button.disabled = false;
}

/** The beginning of an id; a pointer that rests on it shows all of it. */
function shortened(id) {
  const made = element("code", id.slice(0, 8));
  made.title = id;
  return made;
}

function copyButton({ text, shown, label = shown, title }) {
  const button = element("button", shown);
  button.type = "button";
  button.className = "copy";
  button.setAttribute("aria-label", label);
  if (title) button.title = title;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  return button;
}

/** Requests wait so many times for a terminal that works; one that is away may take until the day ends. */
const rounds = 3;

async function closeDay(path, button, outcome) {
  button.disabled = true;
  outcome.replaceChildren(element("p", "Closing …"));
  try {
    let closing = await call("POST", `${path}/closings`, { body: {}, wait: 20 });
    for (let round = 1; closing.counts.waiting > 0 && round < rounds; round += 1) {
      showClosing(closing, outcome);
      closing = await call("GET", `${path}/closings/${closing.id}`, { wait: 20 });
    }
    showClosing(closing, outcome);
  } catch (error) {
    outcome.replaceChildren(element("p", error.message));
  }
  button.disabled = false;
}

function showClosing({ text, terminals }, outcome) {
  const rows = terminals.map(({ terminal_id: id, state, reason, next_step_text: step }) => [
    element("code", id),
    reason ? `${state}, ${reason}` : state,
    step ?? "nothing",
  ]);
  outcome.replaceChildren(element("p", text), table(["Terminal", "State", "What to do"], rows));
}

function table(heads, rows) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const name of heads) {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const [index, value] of row.entries()) {
      const cell = line.insertCell();
      // Narrow screens show it in place of the table's head.
      cell.setAttribute("data-column", heads[index]);
      cell.append(value);
    }
  }
  return made;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

void start();
