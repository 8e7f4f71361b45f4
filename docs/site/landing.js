// A sandbox shows what a first request needs, if the page is opened on the sandbox's own machine.
const place = document.getElementById("sandbox");

async function showAccess() {
  const answer = await fetch("/docs/sandbox", { method: "POST" });
  if (!answer.ok) return;
  const access = await answer.json();
  const facts = document.createElement("dl");
  facts.className = "facts";
  for (const [name, ...values] of [
    ["Account", access.account_id],
    ["Client id", access.client_id],
    ["Client secret", access.client_secret],
    ["Terminals", ...access.terminal_ids],
  ]) {
    facts.append(element("dt", name));
    for (const value of values) {
      const shown = document.createElement("dd");
      shown.append(element("code", value));
      facts.append(shown);
    }
  }
  const heading = element("h2", "Your first request");
  place.replaceChildren(heading, facts, ...requestParts(access.first_requests));
}

function requestParts(lines) {
  const reference = document.createElement("p");
  reference.append(
    "The ",
    link("API reference", "/docs"),
    " is signed in as this client: open a request there and send it.",
  );
  if (lines.length === 0) return [reference];
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.append(element("code", lines.join("\n\n")));
  const button = element("button", "Copy the lines");
  button.type = "button";
  button.className = "copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(`${lines.join("\n")}\n`);
    button.textContent = "Copied";
  });
  const intro =
    "Or paste these lines into a shell. They get a token, close the day of a terminal, wait until it is closed, and show how it went.";
  return [reference, element("p", intro), pre, button];
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function link(text, href) {
  const made = element("a", text);
  made.href = href;
  return made;
}

void showAccess();
