/** The part of `snappyjs` that is used here; the package brings no types of its own. */
declare module "snappyjs" {
  /** One raw Snappy block of `bytes`. */
  export function compress(bytes: Buffer): Buffer;
  /** @throws Error when the block is damaged, or says that it is longer than `bytesMax`. */
  export function uncompress(block: Buffer, bytesMax: number): Buffer;
}
