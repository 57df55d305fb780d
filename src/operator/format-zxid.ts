/** How zxids are written where people and other programs read them: hexadecimal, with 0x. */
export function formatZxid(zxid: bigint): string {
  return `0x${zxid.toString(16)}`;
}
