/**
 * One request of the typed API on its way: its encoded body, how to read the reply, and the promise
 * that the caller awaits. The session sees it as a `SessionRequest`.
 */
import { assert } from "../base/index.ts";
import type { JuteReader } from "../wire/index.ts";
import type { SessionRequest } from "./session-request.ts";
import type { WatchRegistration } from "./watch-table.ts";
import type { ZkError } from "./zk-error.ts";

/** What makes up a call. */
export interface CallParts<T> {
  readonly op: number;
  readonly body: Buffer;
  /** For messages: "create", "get data of", … */
  readonly action: string;
  /** The caller's path. */
  readonly path?: string;
  readonly watch?: WatchRegistration | undefined;
  /** Reads the reply's body; views of it must be copied. */
  readonly read: (reader: JuteReader) => T;
  /** A failure that is a result: returns it, or undefined for a true failure. */
  readonly recover?: (failure: ZkError) => T | undefined;
}

/** A request with a promise for its result. */
export class Call<T> implements SessionRequest {
  readonly promise: Promise<T>;
  readonly #parts: CallParts<T>;
  #resolve!: (result: T) => void;
  #reject!: (reason: unknown) => void;
  #result: { readonly value: T } | undefined;

  constructor(parts: CallParts<T>) {
    this.#parts = parts;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get op(): number {
    return this.#parts.op;
  }

  get body(): Buffer {
    return this.#parts.body;
  }

  get action(): string {
    return this.#parts.action;
  }

  get path(): string | undefined {
    return this.#parts.path;
  }

  get watch(): WatchRegistration | undefined {
    return this.#parts.watch;
  }

  decode(reader: JuteReader): void {
    this.#result = { value: this.#parts.read(reader) };
  }

  /** Settles the promise with what `decode` read, or with the failure. */
  settle(failure: ZkError | null): void {
    if (failure === null) {
      assert(this.#result !== undefined, "Call succeeded without a decoded reply");
      this.#resolve(this.#result.value);
      return;
    }
    const result = this.#parts.recover?.(failure);
    if (result === undefined) this.#reject(failure);
    else this.#resolve(result);
  }

  /** Rejects the promise; whatever comes later is ignored. */
  abandon(reason: unknown): void {
    this.#reject(reason);
  }
}
