import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.ts";
import { ConnectionThrottle } from "../../../src/server/limits/index.ts";
import type { ConnectionThrottleSettings } from "../../../src/server/limits/index.ts";

const settings: ConnectionThrottleSettings = {
  tokens: 3,
  fillTimeMs: 10,
  fillCount: 1,
  freezeTimeMs: -1,
  dropIncrease: 0.5,
  dropDecrease: 0.25,
  decreaseRatio: 0.5,
  weights: null,
};

const throttle = (changes: Partial<ConnectionThrottleSettings> = {}): ConnectionThrottle =>
  new ConnectionThrottle({ connectionThrottle: { ...settings, ...changes } }, seededRandom(1), 0);

/** How many of `count` new sessions are admitted at a time. */
const admitted = (bucket: ConnectionThrottle, count: number, nowMs: number): number =>
  Array.from({ length: count }, () => bucket.admits("global", nowMs)).filter(Boolean).length;

describe("ConnectionThrottle", () => {
  it("admits everybody when it is off", () => {
    expect(admitted(throttle({ tokens: 0 }), 1000, 0)).toBe(1000);
  });

  it("admits as many as there are tokens, and more as they come back", () => {
    const bucket = throttle();
    expect(admitted(bucket, 10, 0)).toBe(3);
    expect(bucket.deficit).toBe(3);
    expect(admitted(bucket, 10, 21)).toBe(2);
    expect(admitted(bucket, 10, 10_000)).toBe(3);
  });

  it("takes tokens by the kind of session, and counts its settings in global ones", () => {
    const bucket = throttle({ weights: { global: 3, local: 1, renewed: 2 } });
    const kinds = ["global", "renewed", "renewed", "local", "local", "local"] as const;
    expect(kinds.map((kind) => bucket.admits(kind, 0))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it("drops by chance the more, the longer no token is left, and less later", () => {
    const bucket = throttle({ freezeTimeMs: 1, fillTimeMs: 1_000_000 });
    admitted(bucket, 3, 0);
    bucket.admits("global", 2);
    expect(bucket.dropChance).toBe(0.5);
    bucket.admits("global", 4);
    expect(bucket.dropChance).toBe(1);
    expect(admitted(bucket, 10, 4)).toBe(0);
    bucket.admits("global", 4_000_000);
    expect(bucket.dropChance).toBe(0.75);
  });
});
