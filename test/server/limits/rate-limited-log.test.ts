import { expect, it } from "vitest";
import { nullLogger } from "../../../src/observe/index.ts";
import type { LogFields } from "../../../src/observe/index.ts";
import { RateLimitedLog } from "../../../src/server/limits/index.ts";

it("RateLimitedLog logs each message and subject once in a while, with the number left out", () => {
  let nowMs = 0;
  const lines: [string, LogFields][] = [];
  const logger = {
    ...nullLogger,
    warn: (message: string, fields: LogFields = {}): void => {
      lines.push([message, fields]);
    },
  };
  const log = new RateLimitedLog(logger, { monotonicMs: () => nowMs, wallMs: () => nowMs });
  log.warn("Too much", { remote: "a" });
  log.warn("Too much", { remote: "b" });
  log.warn("Too little", { remote: "b" });
  log.warn("Too much", { remote: "c" });
  log.warn("Too much", { remote: "c" }, "of something");
  nowMs = 5000;
  log.warn("Too much", { remote: "d" });
  expect(lines).toEqual([
    ["Too much", { remote: "a" }],
    ["Too little", { remote: "b" }],
    ["Too much", { remote: "c" }],
    ["Too much", { remote: "d", leftOut: 2 }],
  ]);
});
