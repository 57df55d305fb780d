/**
 * The two clocks a server needs, as an interface: deadlines are measured on the monotonic one,
 * records are stamped by the wall one. Pure code gets times as arguments; only drivers hold a
 * `Clock`, and the simulator's drivers hold a simulated one.
 */

/** Source of time. Both readings are in milliseconds. */
export interface Clock {
  /** Never goes back; its zero is arbitrary. */
  monotonicMs(): number;
  /** Milliseconds since 1970 UTC; may jump. */
  wallMs(): number;
}
