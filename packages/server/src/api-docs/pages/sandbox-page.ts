import { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import { escaped, htmlType, mainOf, pageOf } from "./html.ts";
import { Prepared } from "./prepared.ts";

/**
 * `/sandbox`: its terminals with their faults, and a button that closes a day. The page itself holds no secret: its
 * script asks for what it needs, and gets it on the server's own machine only.
 */
export function sandboxPage(): Prepared {
  return new Prepared(htmlType, () =>
    pageOf({
      title: "Try the sandbox",
      description:
        "The terminals of this sandbox, their faults, a button that closes a store's day, and the last requests.",
      current: "/sandbox",
      scripts: ["sandbox.js"],
      body: mainOf(`<h1>Try the sandbox</h1>
<p>Give a terminal a fault, close the day of its store, and read what comes of it. Below stand the last requests that your programs sent. Programs do the same
<a href="/docs">over the API</a>; the <a href="/">first page</a> has credentials and lines to paste.</p>
<div id="try" data-faults="${escaped(JSON.stringify(faults()))}">
<p>Open this page on the server's own machine, under the address that the server printed, to see the terminals here.</p>
</div>`),
    }),
  );
}

function faults(): readonly string[] {
  const { enum: names } = TerminalControls.properties.fault;
  return names;
}
