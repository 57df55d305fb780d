/**
 * Drives a session: opens connections for it until it has ended, passes bytes and time to it, and
 * carries out its to-do lists. Effects are delivered in order; what must not be seen before the
 * awaiting code behind an earlier reply has run (watch events, states) waits for that code.
 */
import type { Logger } from "../observe/index.ts";
import { formatServer } from "./connect-string.ts";
import type { ServerList } from "./server-list.ts";
import type { AuthEntry, SessionEffect, SessionRequest } from "./session-request.ts";
import type { Session } from "./session.ts";
import type { Timers } from "./timers.ts";
import type { Transport, TransportConnection } from "./transport.ts";

/** What a driver works with. */
export interface SessionDriverParts {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly transport: Transport;
  readonly servers: ServerList;
  readonly session: Session;
  /** Carries out one effect. What it throws is logged: a user's callback must not stop the rest. */
  readonly deliver: (effect: SessionEffect) => void;
}

/** Runs one session over a transport. */
export class SessionDriver {
  readonly #parts: SessionDriverParts;
  #connection: TransportConnection | null = null;
  #lastFailure: Error | null = null;
  #cancelAttempt: () => void = nothing;
  #cancelTimer: () => void = nothing;
  #timerAtMs = Infinity;
  #pumpIsDue = false;
  #undelivered: SessionEffect[] = [];
  #isDelivering = false;

  constructor(parts: SessionDriverParts) {
    this.#parts = parts;
  }

  /** Why the last connection ended or could not be made; null before the first failure. */
  get lastFailure(): Error | null {
    return this.#lastFailure;
  }

  /** Begins to look for a server. To be called once. */
  start(): void {
    this.#planAttempt();
  }

  submit(request: SessionRequest): void {
    this.#parts.session.submit(request, this.#nowMs());
    this.#pumpSoon();
  }

  /** Forgets a request that has not been sent yet; false when it has. */
  withdraw(request: SessionRequest): boolean {
    return this.#parts.session.withdraw(request);
  }

  addAuth(entry: AuthEntry): void {
    this.#parts.session.addAuth(entry, this.#nowMs());
    this.#pumpSoon();
  }

  close(): void {
    this.#parts.session.close(this.#nowMs());
    this.#pumpSoon();
  }

  #nowMs(): number {
    return this.#parts.timers.monotonicMs();
  }

  #planAttempt(): void {
    const { session, servers, timers } = this.#parts;
    if (session.hasEnded) return;
    const { server, delayMs } = servers.next();
    this.#cancelAttempt = timers.start(delayMs, () => {
      this.#cancelAttempt = nothing;
      this.#open(server);
    });
  }

  #open(server: Parameters<Transport["connect"]>[0]): void {
    const { session, transport, logger } = this.#parts;
    logger.debug("Connecting to server", { server: formatServer(server) });
    session.opening(this.#nowMs());
    const connection: TransportConnection = transport.connect(server, {
      opened: () => {
        if (this.#connection !== connection) return;
        session.opened(this.#nowMs());
        this.#pump();
      },
      received: (chunk) => {
        if (this.#connection !== connection) return;
        session.received(chunk, this.#nowMs());
        this.#pump();
      },
      closed: (cause) => {
        if (this.#connection !== connection) return;
        this.#onClosed(cause);
        this.#pump();
      },
    });
    this.#connection = connection;
    this.#pump();
  }

  #onClosed(cause: Error | null): void {
    this.#connection = null;
    this.#lastFailure = cause ?? new Error("the server closed the connection");
    const { session, logger } = this.#parts;
    const reason = this.#lastFailure.message;
    if (!session.hasEnded) logger.debug("Connection to server ended", { reason });
    session.closed(cause);
    this.#planAttempt();
  }

  /** Pumps when the code that is running now has made all its requests: they leave together. */
  #pumpSoon(): void {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    queueMicrotask(() => {
      this.#pumpIsDue = false;
      this.#pump();
    });
  }

  /** Carries out what the session has to do. */
  #pump(): void {
    for (;;) {
      const { bytes, drop, effects } = this.#parts.session.ready();
      if (bytes !== null) this.#connection?.send(bytes);
      for (const effect of effects) this.#undelivered.push(effect);
      const connection = this.#connection;
      if (drop === null || connection === null) break;
      connection.close();
      this.#onClosed(drop);
    }
    if (this.#parts.session.hasEnded) {
      this.#cancelAttempt();
      this.#cancelTimer();
    } else {
      this.#armTimer();
    }
    if (!this.#isDelivering) this.#deliver();
  }

  #armTimer(): void {
    const { session, timers } = this.#parts;
    const deadlineMs = session.deadlineMs();
    // A timer that fires too early costs one look; deadlines move back with every request.
    if (this.#timerAtMs <= deadlineMs) return;
    this.#cancelTimer();
    this.#timerAtMs = deadlineMs;
    this.#cancelTimer = timers.start(Math.ceil(deadlineMs - this.#nowMs()), () => {
      this.#timerAtMs = Infinity;
      session.tick(this.#nowMs());
      this.#pump();
    });
  }

  #deliver(): void {
    this.#isDelivering = true;
    let hasSettled = false;
    let at = 0;
    for (; at < this.#undelivered.length; at++) {
      const effect = this.#undelivered[at]!;
      const isReply = effect.type === "settled" || effect.type === "auth";
      if (!isReply && hasSettled) break;
      hasSettled ||= isReply;
      this.#deliverOne(effect);
    }
    this.#undelivered.splice(0, at);
    if (this.#undelivered.length === 0) {
      this.#isDelivering = false;
      return;
    }
    this.#parts.timers.defer(() => {
      this.#deliver();
    });
  }

  #deliverOne(effect: SessionEffect): void {
    const { deliver, logger, servers } = this.#parts;
    if (effect.type === "state" && effect.state === "connected") servers.succeeded();
    try {
      deliver(effect);
    } catch (error) {
      logger.error("Listener of the client failed", { effect: effect.type, error });
    }
  }
}

function nothing(): void {
  // Nothing to call off.
}
