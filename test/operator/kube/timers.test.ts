/** The process's own time. */

import { expect, test } from "vitest";
import { systemTimers } from "../../../src/operator/kube/index.ts";

test("systemTimers.schedule() calls back once, unless it is called off", async () => {
  const called: string[] = [];
  const cancel = systemTimers.schedule(0, () => called.push("cancelled"));
  cancel();
  await new Promise<void>((resolve) => {
    systemTimers.schedule(0, () => {
      called.push("kept");
      resolve();
    });
  });
  expect(called).toEqual(["kept"]);
});
