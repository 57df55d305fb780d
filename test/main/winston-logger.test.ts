import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createWinstonLogger } from "../../src/main/winston-logger.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

it("createWinstonLogger() writes JSON lines with the fields of children to a file", async () => {
  const file = join(temporaryFolder(), "server.log");
  const logger = createWinstonLogger({ file, level: "info", isTerminal: false });
  logger.debug("Unseen");
  const child = logger.child({ server: "1", message: "kept apart" }).child({ peer: 2 });
  child.info("Session expired", { sessionId: 0x1000n, negative: -1n, level: "x" });
  child.error("Failed", { error: new Error("Broken", { cause: new TypeError("Why") }) });
  await logger.close();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/u),
      level: "info",
      message: "Session expired",
      server: "1",
      peer: 2,
      sessionId: "0x1000",
      negative: "0xffffffffffffffff",
    },
    expect.objectContaining({
      level: "error",
      message: "Failed",
      error: expect.objectContaining({
        message: "Broken",
        stack: expect.stringContaining("Broken"),
        cause: expect.objectContaining({ name: "TypeError", message: "Why" }),
      }),
    }),
  ]);
});
