import { isatty } from "node:tty";
import pc from "picocolors";

const { NO_COLOR, TERM } = process.env;
const coloursOn = (stream: 1 | 2) => pc.createColors(isatty(stream) && !NO_COLOR && TERM !== "dumb");

/** Colours for people at a terminal; plain text for files, pipes and CI, and where NO_COLOR is set. */
export const colours = coloursOn(1);

/** Colours for standard error, where messages go. */
export const errorColours = coloursOn(2);
