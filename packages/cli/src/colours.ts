import pc from "picocolors";

const { NO_COLOR, TERM } = process.env;

// `isTTY` is not false but missing where there is no terminal, and `createColors` takes nothing for "decide yourself".
/** Colours for people at a terminal; plain text for files, pipes and CI, and for whoever sets NO_COLOR. */
export const colours = pc.createColors(process.stdout.isTTY === true && !NO_COLOR && TERM !== "dumb");
