/**
 * What lies under the typed API: builds a client's session and its driver from the options, turns
 * requests into promises, and hands effects to those who wait for them.
 */
import { seededRandom } from "../base/index.ts";
import { nullLogger } from "../observe/index.ts";
import type { Logger } from "../observe/index.ts";
import { JuteWriter } from "../wire/index.ts";
import { Call } from "./call.ts";
import type { CallParts } from "./call.ts";
import { Chroot } from "./chroot.ts";
import { clientDefaults } from "./client-options.ts";
import type { ClientOptions, RequestOptions } from "./client-options.ts";
import { parseConnectString } from "./connect-string.ts";
import { ServerList } from "./server-list.ts";
import { SessionDriver } from "./session-driver.ts";
import type { AuthEntry, SessionEffect, SessionOptions, SessionState } from "./session-request.ts";
import { Session } from "./session.ts";
import { nodeTimers } from "./timers.ts";
import { encodeData } from "./transaction.ts";
import { nodeTransport } from "./transport-node.ts";
import { ZkError } from "./zk-error.ts";

/** Called with every new state of the session. */
export type StateListener = (state: SessionState) => void;

/** A call without its body, which is written when it is made. */
export type CallWithoutBody<T> = Omit<CallParts<T>, "body">;

/** Makes calls over one session. */
export class Caller {
  readonly chroot: Chroot;
  readonly session: Session;
  readonly #connectString: string;
  readonly #options: ClientOptions;
  readonly #logger: Logger;
  readonly #driver: SessionDriver;
  readonly #writer = new JuteWriter();
  readonly #stateListeners = new Set<StateListener>();
  readonly #authCalls = new Map<AuthEntry, (failure: ZkError | null) => void>();

  /**
   * Begins to look for a server.
   *
   * @throws ZkError `badArguments` for a malformed connection string.
   */
  constructor(connectString: string, options: ClientOptions) {
    const { servers, chroot } = parseConnectString(connectString);
    this.#connectString = connectString;
    this.#options = options;
    this.#logger = options.logger ?? nullLogger;
    this.chroot = new Chroot(chroot);
    const sessionOptions = sessionOptionsOf(options, servers.length);
    this.session = new Session(sessionOptions);
    const random = options.random ?? seededRandom(Math.floor(Math.random() * 2 ** 32));
    const sixthMs = Math.ceil(sessionOptions.sessionTimeoutMs / 6);
    this.#driver = new SessionDriver({
      timers: options.timers ?? nodeTimers,
      logger: this.#logger,
      transport: options.transport ?? nodeTransport,
      servers: new ServerList(servers, random, {
        backoffMs: clientDefaults.backoffMs,
        backoffMsMax: Math.min(clientDefaults.backoffMsMax, sixthMs),
      }),
      session: this.session,
      deliver: (effect) => this.#deliver(effect),
    });
    this.#driver.start();
  }

  /**
   * Resolves when the session is open; otherwise closes it.
   *
   * @throws ZkError `connectionLoss`, `authFailed` or `clientClosed`.
   */
  async whenConnected(): Promise<void> {
    const timeoutMs = this.#options.firstConnectTimeoutMs ?? this.session.timeoutMs;
    const timers = this.#options.timers ?? nodeTimers;
    const state = await new Promise<SessionState>((resolve) => {
      const forget = this.onState((newState) => {
        cancel();
        forget();
        resolve(newState);
      });
      const cancel = timers.start(timeoutMs, () => {
        forget();
        resolve("connecting");
      });
    });
    if (state === "connected") return;
    const cause = this.#driver.lastFailure;
    await this.close();
    const last = cause === null ? "" : ` (the last attempt: ${cause.message})`;
    const reason =
      state === "connecting"
        ? `no server accepted a session within ${timeoutMs} ms${last}`
        : `the session is ${state}`;
    const code = state === "auth-failed" ? "authFailed" : "connectionLoss";
    throw new ZkError(code, `Cannot connect to '${this.#connectString}': ${reason}`, { cause });
  }

  /** Calls `listener` with every new state; the returned function ends that. */
  onState(listener: StateListener): () => void {
    this.#stateListeners.add(listener);
    return () => {
      this.#stateListeners.delete(listener);
    };
  }

  /** Makes a request; `write` writes its body. */
  call<T>(
    parts: CallWithoutBody<T>,
    { signal }: RequestOptions,
    write: (writer: JuteWriter) => void,
  ): Promise<T> {
    this.#writer.rewind(0);
    write(this.#writer);
    const call = new Call<T>({ ...parts, body: this.#writer.takeCopy() });
    if (signal?.aborted === true) {
      call.abandon(signal.reason);
      return call.promise;
    }
    if (signal !== undefined) this.#abandonOn(signal, call);
    this.#driver.submit(call);
    return call.promise;
  }

  /** Presents credentials; resolves when a server, now or later, has accepted them. */
  addAuth(scheme: string, auth: string | Uint8Array): Promise<void> {
    const entry = authEntry(scheme, auth);
    return new Promise((resolve, reject) => {
      this.#authCalls.set(entry, (failure) => {
        if (failure === null) resolve();
        else reject(failure);
      });
      this.#driver.addAuth(entry);
    });
  }

  /** Ends the session; resolves when it has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.session.hasEnded) {
        resolve();
        return;
      }
      this.onState(() => {
        if (this.session.hasEnded) resolve();
      });
      this.#driver.close();
    });
  }

  #abandonOn<T>(signal: AbortSignal, call: Call<T>): void {
    const abandon = (): void => {
      this.#driver.withdraw(call);
      call.abandon(signal.reason);
    };
    const forget = (): void => {
      signal.removeEventListener("abort", abandon);
    };
    signal.addEventListener("abort", abandon);
    call.promise.then(forget, forget);
  }

  #deliver(effect: SessionEffect): void {
    switch (effect.type) {
      case "settled":
        if (effect.request instanceof Call) effect.request.settle(effect.failure);
        break;
      case "auth":
        this.#authCalls.get(effect.entry)?.(effect.failure);
        this.#authCalls.delete(effect.entry);
        break;
      case "watch": {
        const { type, path } = effect.event;
        this.#tellAll(effect.watchers, { type, path: this.chroot.toClient(path) });
        break;
      }
      case "state":
        this.#logState(effect.state);
        this.#tellAll([...this.#stateListeners], effect.state);
        break;
    }
  }

  /** A listener that throws must not keep the others from being told. */
  #tellAll<T>(listeners: readonly ((value: T) => void)[], value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#logger.error("Listener of the client failed", { value, error });
      }
    }
  }

  #logState(state: SessionState): void {
    const { sessionId, timeoutMs } = this.session;
    if (state === "disconnected") {
      const reason = this.#driver.lastFailure?.message;
      this.#logger.warn("Client lost its connection", { sessionId, reason });
    } else {
      this.#logger.info("Client session changed state", { state, sessionId, timeoutMs });
    }
  }
}

function sessionOptionsOf(options: ClientOptions, serverCount: number): SessionOptions {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? clientDefaults.sessionTimeoutMs;
  const fairShareMs = Math.ceil(sessionTimeoutMs / serverCount);
  const connectTimeoutMs = Math.min(fairShareMs, clientDefaults.connectTimeoutMsMax);
  return {
    sessionTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs ?? connectTimeoutMs,
    readOnly: options.readOnly ?? false,
    auth: (options.auth ?? []).map(({ scheme, auth }) => authEntry(scheme, auth)),
    requestBytesMax: options.requestBytesMax ?? clientDefaults.requestBytesMax,
    replyBytesMax: options.replyBytesMax ?? clientDefaults.replyBytesMax,
    outstandingMax: options.outstandingMax ?? clientDefaults.outstandingMax,
    outstandingBytesMax: options.outstandingBytesMax ?? clientDefaults.outstandingBytesMax,
  };
}

function authEntry(scheme: string, auth: string | Uint8Array): AuthEntry {
  return { scheme, auth: encodeData(auth) ?? Buffer.alloc(0) };
}
