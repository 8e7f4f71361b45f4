import { isatty } from "node:tty";
import pc from "picocolors";

const { NO_COLOR, TERM } = process.env;
const coloursOn = (stream: 1 | 2) => pc.createColors(isatty(stream) && !NO_COLOR && TERM !== "dumb");

/** Colours for people at a terminal; plain text for files, pipes and CI, and where NO_COLOR is set. */
export const colours = coloursOn(1);

/** The same for what is written to standard error: words beside the data. */
export const errorColours = coloursOn(2);
