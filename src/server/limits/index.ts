/** The face of `server/limits/`: how much clients may ask of a server, and how fast. */
export { ConnectionThrottle } from "./connection-throttle.ts";
export type { ConnectionThrottleSettings } from "./connection-throttle.ts";
export { RateLimitedLog } from "./rate-limited-log.ts";
export { RequestWait } from "./request-wait.ts";
export { RequestLimits } from "./request-limits.ts";
export type { LimitedConnection, RequestLimitSettings } from "./request-limits.ts";
