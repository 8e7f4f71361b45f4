import { createHash } from "node:crypto";
import type { ReportWidth } from "@tillkeeper/contract/http/closing-reports";
import { Markup } from "./html.ts";

const both = `
:root{color-scheme:light;font:10pt/1.4 system-ui,"Noto Sans","DejaVu Sans",sans-serif;color:#111;background:#fff}
body{margin:0}
h1{font-size:1.6em;margin:0}h2{font-size:1.15em;margin:1.4em 0 .4em;break-after:avoid}h3{font-size:1em;margin:.9em 0 .2em;break-after:avoid}
p{margin:.3em 0}main,td,th,dd,dt{overflow-wrap:anywhere}
.number{font-size:1.2em;font-weight:700}
.notice{border:1px solid #111;padding:.3em .6em}
.state{font-weight:700;margin-top:1em}
dl{margin:.5em 0}dd{margin:0}dt{color:#333}
.facts div{display:flex;gap:.6em}.facts dt{flex:0 0 9em}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.small{font-size:.8em}
.failed,.unknown,.waiting,.partly_closed,.differs{font-weight:700}
table{border-collapse:collapse;width:100%}
th,td{padding:.25em .4em;text-align:left;vertical-align:top}
th.n{text-align:right}
thead th,thead th.n{border-bottom:1.5px solid #111;font-weight:600;white-space:normal;overflow-wrap:normal;vertical-align:bottom}
tbody tr{border-bottom:1px solid #bbb;break-inside:avoid}
article{break-inside:avoid;border-top:1px dashed #555}
.signature{margin-top:4em;border-top:1px solid #111;padding-top:.3em;max-width:20em}
footer{break-inside:avoid}
`;

const a4 = `
@page{size:A4;margin:15mm}
main{max-width:180mm;margin:0 auto;padding:10mm}
@media print{main{padding:0}}
.figures{font-size:.85em}
.terminals th:first-child{min-width:8.5em}.terminals tbody td:nth-child(2){min-width:5em}
.terminals tbody{break-inside:avoid}.terminals tr{border:0}.terminals tbody{border-bottom:1px solid #bbb}
`;

const receipt = `
@page{size:80mm 297mm;margin:4mm}
:root{font-size:9pt}
main{width:72mm;padding:4mm;box-sizing:border-box;margin:0 auto}
@media print{main{padding:0;width:auto}}
h1{font-size:1.3em}
.list div{display:flex;justify-content:space-between;gap:.5em}
.facts dt{flex-basis:8.5em}
table{font-size:.85em}th,td{padding:.2em}
`;

interface Style {
  markup: Markup;
  /** The page's policy: it may use this style, and nothing else. */
  policy: string;
}

function styled(text: string): Style {
  const digest = createHash("sha256").update(text).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { markup: new Markup(text), policy };
}

const styles: Readonly<Record<ReportWidth, Style>> = { a4: styled(both + a4), "80mm": styled(both + receipt) };

/** The style of a page for that paper. */
export function styleOf(width: ReportWidth): Style {
  return styles[width];
}
