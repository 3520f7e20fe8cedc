/** Where a guest comes from. Of who has a token nobody asks. */
export interface GuestAddress {
  /** What counts together. */
  key: string;
  /** False where too many come from there to be one person's or one office's: it is a proxy's. */
  bounded: boolean;
}
