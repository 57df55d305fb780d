/**
 * The password of a session: a function of its id alone, the same on every server of an ensemble,
 * so that a session can move between servers of ours and Apache's (ZooKeeper 3.9
 * `SessionTrackerImpl`/`ZooKeeperServer.generatePasswd`: java.util.Random seeded with the id
 * XOR a constant). It proves that a client was told it; it is no secret to whoever knows the id.
 */
const superSecret = 0xb3415c00n;
const multiplier = 0x5deece66dn;
const mask48 = (1n << 48n) - 1n;

/** The 16 bytes that a client must present to take up `sessionId` again. */
export function sessionPassword(sessionId: bigint): Buffer {
  const password = Buffer.alloc(16);
  let seed = (BigInt.asUintN(64, sessionId ^ superSecret) ^ multiplier) & mask48;
  for (let at = 0; at < 16; at += 4) {
    seed = (seed * multiplier + 0xbn) & mask48;
    password.writeInt32LE(Number(BigInt.asIntN(32, seed >> 16n)), at);
  }
  return password;
}
