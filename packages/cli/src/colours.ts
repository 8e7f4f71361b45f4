import { isatty } from "node:tty";
import pc from "picocolors";

const { NO_COLOR, TERM } = process.env;

/** Colours for people at a terminal; plain text for files, pipes and CI, and where NO_COLOR is set. */
export const colours = pc.createColors(isatty(1) && !NO_COLOR && TERM !== "dumb");
