/**
 * The requests of a session that have no reply yet: those sent, in the order in which replies must
 * come, and those that wait for a connection, each with a deadline. The queue is bounded by number
 * and by bytes; a full one refuses (`queueFull`) rather than growing or dropping.
 */
import { Fifo } from "../base/index.ts";
import { WireError } from "../wire/index.ts";
import type { RequestQueueOptions, SessionRequest } from "./session-request.ts";
import { ZkError } from "./zk-error.ts";

const requestHeaderBytes = 8;
const xidMax = 0x7fffffff;

/** Unanswered requests. Every request that comes in leaves once, by one of the `take` methods. */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #sent = new Fifo<{ readonly xid: number; readonly request: SessionRequest }>();
  #waiting: { readonly request: SessionRequest; readonly deadlineMs: number }[] = [];
  #bytes = 0;
  #nextXid = 1;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** Why the queue cannot take this request now; null when it can. */
  refusalOf(request: SessionRequest): ZkError | null {
    const { requestBytesMax, outstandingMax, outstandingBytesMax } = this.#options;
    const { action, path, body } = request;
    if (requestHeaderBytes + body.length > requestBytesMax) {
      const reason =
        `the request has ${requestHeaderBytes + body.length} bytes, ` +
        `at most ${requestBytesMax} are allowed`;
      return ZkError.because("badArguments", action, { path, reason });
    }
    const hasRoom =
      this.#sent.length + this.#waiting.length < outstandingMax &&
      this.#bytes + body.length <= outstandingBytesMax;
    return hasRoom ? null : ZkError.withCode("queueFull", action, { path });
  }

  /** Keeps a request until there is a connection, at most until `deadlineMs`. */
  addWaiting(request: SessionRequest, deadlineMs: number): void {
    this.#bytes += request.body.length;
    this.#waiting.push({ request, deadlineMs });
  }

  /** Keeps a request until its reply comes; returns the xid to send it with. */
  addSent(request: SessionRequest): number {
    const xid = this.takeXid();
    this.#bytes += request.body.length;
    this.#sent.push({ xid, request });
    return xid;
  }

  /** The next request id: positive, and after the largest one 1 again. */
  takeXid(): number {
    const xid = this.#nextXid;
    this.#nextXid = xid === xidMax ? 1 : xid + 1;
    return xid;
  }

  /** When the first waiting request is overdue; Infinity when none waits. */
  deadlineMs(): number {
    return this.#waiting[0]?.deadlineMs ?? Infinity;
  }

  /**
   * Takes out the request that a reply belongs to.
   *
   * @throws WireError `bad-value` when it is not the one whose turn it is.
   */
  takeAnswered(xid: number): SessionRequest {
    const first = this.#sent.peek();
    if (first?.xid !== xid) {
      const expected = first === undefined ? "no reply is due" : `the next is ${first.xid}`;
      throw new WireError("bad-value", `Cannot accept reply to request ${xid}: ${expected}`);
    }
    this.#sent.shift();
    this.#bytes -= first.request.body.length;
    return first.request;
  }

  /** Takes out all that were sent, in order. */
  takeSent(): SessionRequest[] {
    const taken: SessionRequest[] = [];
    for (let first = this.#sent.shift(); first !== undefined; first = this.#sent.shift()) {
      taken.push(first.request);
    }
    this.#forget(taken);
    return taken;
  }

  /** Takes out all that wait, in order. */
  takeWaiting(): SessionRequest[] {
    const taken = this.#waiting.map((entry) => entry.request);
    this.#waiting = [];
    this.#forget(taken);
    return taken;
  }

  /** Takes out those that have waited too long. */
  takeOverdue(nowMs: number): SessionRequest[] {
    const taken: SessionRequest[] = [];
    while (this.deadlineMs() <= nowMs) {
      const first = this.#waiting.shift();
      if (first !== undefined) taken.push(first.request);
    }
    this.#forget(taken);
    return taken;
  }

  /** Takes out one that waits; false when it has been sent, or is not here. */
  takeOneWaiting(request: SessionRequest): boolean {
    const at = this.#waiting.findIndex((entry) => entry.request === request);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#forget([request]);
    return true;
  }

  #forget(requests: readonly SessionRequest[]): void {
    for (const request of requests) this.#bytes -= request.body.length;
  }
}
