/** What is said to the thread that masks, of the upload with this number. */
export type ToMasking =
  | { upload: number; piece: Uint8Array<ArrayBuffer> }
  /** Nothing more comes. */
  | { upload: number; end: true }
  /** It was given up. */
  | { upload: number; forget: true };

/** The answer to each of them. */
export interface Masked {
  upload: number;
  /** What can be said of the text so far. */
  text: Uint8Array<ArrayBuffer>;
  /** How many places were masked so far. */
  count: number;
}
