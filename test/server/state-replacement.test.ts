/** What becomes of a server's state when a leader's snapshot does not come to its end. */
import { expect, test } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import { SnapshotWriter } from "../../src/server/snapshot-writer.ts";
import { StateReplacement } from "../../src/server/state-replacement.ts";
import { TreeRecovery } from "../../src/server/tree-recovery.ts";
import { openStorage } from "../storage/support/storage-world.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ignore = (): void => undefined;

/** Begins to install a snapshot of which nothing has come, and ends its link. */
async function giveUp(isStopped: boolean): Promise<{ lastZxid: bigint; trees: number }> {
  const storage = await openStorage(temporaryFolder());
  await storage.recover(new TreeRecovery(), 0);
  let trees = 0;
  const replacement = new StateReplacement({
    storage,
    load: {
      recentCount: 0,
      activeConfig: () => null,
      mayBeginEmpty: true,
      logger: nullLogger,
    },
    snapshots: new SnapshotWriter({
      storage,
      logger: nullLogger,
      every: () => ({ transactions: Infinity, bytes: Infinity }),
      rollLog: ignore,
      purges: false,
      failed: ignore,
      diskFailed: ignore,
    }),
    untilSpace: (operation) => operation(),
    lastZxid: () => 7n,
    replaced: () => {
      trees += 1;
    },
    isStopped: () => isStopped,
  });
  replacement.receive(1, 9n, { hold: ignore, release: ignore, progress: ignore });
  const replaced = replacement.replace({ seq: 1, kind: "install-snapshot", link: 1, zxid: 9n });
  replacement.linkClosed(1);
  return { lastZxid: await replaced, trees };
}

test("the state on disk is loaded again when the leader's snapshot is given up", async () => {
  expect(await giveUp(false)).toEqual({ lastZxid: 0n, trees: 2 });
});

test("a server that stops while a snapshot comes has not failed", async () => {
  expect(await giveUp(true)).toEqual({ lastZxid: 7n, trees: 1 });
});
