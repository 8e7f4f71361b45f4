import { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import { escaped, htmlType, mainOf, pageOf } from "./html.ts";
import { Prepared } from "./prepared.ts";

/**
 * `/sandbox`: its terminals with their faults, a button that closes a day, samples with its credentials, and the last requests. The
 * page itself holds no secret: its scripts ask for what they need, and get it on the server's own machine only.
 */
export function sandboxPage(): Prepared {
  return new Prepared(htmlType, () =>
    pageOf({
      title: "Try the sandbox",
      description:
        "The terminals of this sandbox, their faults, a button that closes a store's day, programs to paste, and the last requests.",
      current: "/sandbox",
      scripts: ["samples.js", "sandbox.js"],
      body: mainOf(`<h1>Try the sandbox</h1>
<p>Give a terminal a fault, close the day of its store, and read what comes of it. Below stand programs that do the same, with
the credentials of this sandbox, and the last requests that were sent. All of it is <a href="/docs">in the API</a>; people close a day in <a href="/">the console</a>.</p>
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
