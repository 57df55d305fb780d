/**
 * ZooKeeper's trace mask: a number that `stmk` sets and `gtmk` shows. It chose what a Java server
 * traced; nothing is traced by it here, but who sets it finds it set.
 */
export class TraceMask {
  /** As in a ZooKeeper server that has just started. */
  value = 306n;
}
