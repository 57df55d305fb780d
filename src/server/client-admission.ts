/** Which clients a server lets in that ask for a session: what it can serve, and how fast. */
import { seededRandom } from "../base/index.ts";
import type { Clock } from "../base/index.ts";
import { formatHex } from "../wire/index.ts";
import type { ConnectRequest } from "../wire/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ServerConfig } from "./config/index.ts";
import { ConnectionThrottle } from "./limits/index.ts";
import type { RateLimitedLog } from "./limits/index.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import type { ConnectionStatistics } from "./statistics.ts";

export interface ClientAdmissionOptions {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly complaints: RateLimitedLog;
}

/** What a server can serve at the moment. */
export interface ServiceState {
  /** Whether it serves anybody. */
  readonly isServing: boolean;
  /** Whether it is without a quorum, and serves only those who are content with that. */
  readonly isReadOnly: boolean;
  readonly lastZxid: bigint;
}

export class ClientAdmission {
  readonly #options: ClientAdmissionOptions;
  readonly #statistics: ConnectionStatistics;
  readonly #throttle: ConnectionThrottle;

  constructor(options: ClientAdmissionOptions, statistics: ConnectionStatistics) {
    this.#options = options;
    this.#statistics = statistics;
    const { config, clock } = options;
    this.#throttle = new ConnectionThrottle(
      config.live,
      seededRandom(clock.wallMs()),
      clock.monotonicMs(),
    );
  }

  /** Whether a client may have what it asks for; if not, it has to look for another server. */
  admits(connection: ClientConnection, request: ConnectRequest, state: ServiceState): boolean {
    const { metrics, complaints, config, clock } = this.#options;
    metrics.connectionRequests += 1;
    if (request.sessionId !== 0n) metrics.connectionRevalidations += 1;
    const mayServe = state.isReadOnly ? request.readOnly === true : state.isServing;
    if (!mayServe || request.lastZxidSeen > state.lastZxid) {
      // Nothing can be served to it, or it has seen more than this server knows.
      metrics.connectionsNotServed += 1;
      complaints.warn("Refusing client", {
        remote: connection.remoteAddress,
        serving: state.isServing,
        readOnly: state.isReadOnly,
        lastZxidSeen: formatHex(request.lastZxidSeen),
      });
      return false;
    }
    const isLocal = state.isReadOnly || config.localSessionsEnabled;
    const kind = request.sessionId === 0n ? (isLocal ? "local" : "global") : "renewed";
    if (this.#throttle.admits(kind, clock.monotonicMs())) return true;
    this.#statistics.throttledConnections += 1;
    complaints.warn("Refusing client: connection_throttle_tokens are used up", {
      remote: connection.remoteAddress,
    });
    return false;
  }
}
