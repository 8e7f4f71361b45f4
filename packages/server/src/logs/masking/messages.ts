/** Messages to the thread that masks, about the upload with this number. */
export type MaskRequest =
  | { upload: number; piece: Uint8Array<ArrayBuffer> }
  /** The last piece has been sent. */
  | { upload: number; end: true }
  /** The upload was given up. */
  | { upload: number; forget: true };

/** The thread's answer to a message. */
export interface MaskResponse {
  upload: number;
  /** The part of the text that is final. */
  text: Uint8Array<ArrayBuffer>;
  /** How many places were masked so far. */
  count: number;
}
