import { isatty } from "node:tty";
import pc from "picocolors";

const { NO_COLOR, TERM } = process.env;

/** Colours for people at a terminal; plain text for files, pipes and CI, and for whoever sets NO_COLOR. */
export const colours = pc.createColors(isatty(1) && !NO_COLOR && TERM !== "dumb");
