import { beforeEach, describe, expect, it } from "vitest";
import { RequestLimits } from "../../../src/server/limits/index.ts";
import type { LimitedConnection, RequestLimitSettings } from "../../../src/server/limits/index.ts";

const unlimited: RequestLimitSettings = {
  requestThrottleMax: 0,
  throttledOpWaitMs: 0,
  largeRequestThresholdBytes: -1,
  largeRequestBytesMax: 100,
};

const live = { globalOutstandingLimit: 1000 };

/** A connection whose requests a test begins and ends. */
class ScriptedConnection implements LimitedConnection {
  pendingCount = 0;
  isHeld = false;
  readonly #limits: RequestLimits;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  begin(bytes = 10): void {
    this.pendingCount += 1;
    this.#limits.began(this, bytes);
  }

  finish(bytes = 10): void {
    this.pendingCount -= 1;
    this.#limits.finished(this, bytes);
  }

  holdRequests(): void {
    this.isHeld = true;
  }

  releaseRequests(): void {
    this.isHeld = false;
  }
}

describe("RequestLimits with globalOutstandingLimit", () => {
  let limits: RequestLimits;
  let first: ScriptedConnection;
  let second: ScriptedConnection;

  beforeEach(() => {
    limits = new RequestLimits(unlimited, { globalOutstandingLimit: 2 });
    first = new ScriptedConnection(limits);
    second = new ScriptedConnection(limits);
  });

  it("holds back the connection that exceeds the limit, and no other", () => {
    second.begin();
    first.begin();
    first.begin();
    expect(first.isHeld).toBe(true);
    expect(second.isHeld).toBe(false);
  });

  it("reads a connection on when there is room again", () => {
    for (let count = 0; count < 3; count++) first.begin();
    first.finish();
    expect(first.isHeld).toBe(false);
  });

  it("reads a connection on that has nothing under way, however full the server is", () => {
    for (let count = 0; count < 3; count++) second.begin();
    first.begin();
    expect(first.isHeld).toBe(true);
    first.finish();
    expect(first.isHeld).toBe(false);
  });
});

describe("RequestLimits with request_throttle_max_requests", () => {
  it("holds every connection back, and reads them on in order while there is room", () => {
    const limits = new RequestLimits({ ...unlimited, requestThrottleMax: 2 }, live);
    const connections = [1, 2, 3].map(() => new ScriptedConnection(limits));
    const [first, second, third] = connections as [
      ScriptedConnection,
      ScriptedConnection,
      ScriptedConnection,
    ];
    for (const connection of connections) connection.begin();
    expect(connections.map(({ isHeld }) => isHeld)).toEqual([false, true, true]);
    first.finish();
    expect(connections.map(({ isHeld }) => isHeld)).toEqual([false, true, true]);
    second.finish();
    expect(second.isHeld).toBe(false);
    expect(third.isHeld).toBe(false);
  });

  it("forgets a connection that is gone", () => {
    const limits = new RequestLimits({ ...unlimited, requestThrottleMax: 1 }, live);
    const gone = new ScriptedConnection(limits);
    gone.begin();
    gone.finish();
    limits.forget(gone);
    expect(limits.underWay).toBe(0);
  });
});

describe("RequestLimits with large requests", () => {
  it("refuses one above what is left, and accepts it when others are done", () => {
    const limits = new RequestLimits({ ...unlimited, largeRequestThresholdBytes: 20 }, live);
    const connection = new ScriptedConnection(limits);
    connection.begin(60);
    expect(() => {
      limits.checkLength(50);
    }).toThrow(/large request of 50 bytes: 60 are under way, largeRequestMaxBytes allows 100/u);
    expect(limits.largeRefusedCount).toBe(1);
    connection.finish(60);
    expect(() => {
      limits.checkLength(50);
    }).not.toThrow();
  });

  it("accepts any number of requests up to the threshold", () => {
    const limits = new RequestLimits({ ...unlimited, largeRequestThresholdBytes: 20 }, live);
    const connection = new ScriptedConnection(limits);
    for (let count = 0; count < 50; count++) connection.begin(20);
    expect(() => {
      limits.checkLength(20);
    }).not.toThrow();
  });
});
