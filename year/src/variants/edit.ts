/** A change of one place in a source file of the server, made while the file is loaded. */
export interface Edit {
  /** The end of the file's path. */
  file: string;
  find: string;
  replace: string;
}
