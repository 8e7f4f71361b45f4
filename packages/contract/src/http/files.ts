import { Type } from "typebox";

/** The type of a file that is what it is: nothing looks into it. */
export const fileType = "application/octet-stream";
/** A file, or a part of it. */
export const fileParts = { 200: Type.Unknown(), 206: Type.Unknown() };
