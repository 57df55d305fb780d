/** The servers whose power is cut: each has settings and habits of its own. */
import { dataDir } from "./disk-state.ts";
import type { StorageShape } from "./disk-state.ts";
import type { Habits } from "./server-life.ts";

export interface Workload {
  readonly name: string;
  readonly shape: StorageShape;
  readonly habits: Habits;
}

const plain: StorageShape = {
  dataLogDir: dataDir,
  preAllocBytes: 8192,
  snapRetainCount: 1,
  snapshotCompression: null,
  forceSync: true,
  txnLogSizeLimitBytes: 0,
};

const busy: Habits = { batch: 80, snapshot: 12, epoch: 5, restart: 3 };

export const workloads: readonly Workload[] = [
  { name: "plain", shape: plain, habits: busy },
  {
    name: "elections",
    shape: plain,
    habits: { batch: 40, snapshot: 15, epoch: 40, restart: 5 },
  },
  {
    name: "small log files, two disks",
    shape: { ...plain, dataLogDir: "/log", txnLogSizeLimitBytes: 2500, preAllocBytes: 0 },
    habits: busy,
  },
  {
    name: "snapshots and purges",
    shape: { ...plain, snapRetainCount: 2 },
    habits: { batch: 40, snapshot: 45, epoch: 10, restart: 5 },
  },
  { name: "gzip", shape: { ...plain, snapshotCompression: "gz" }, habits: busy },
  { name: "snappy", shape: { ...plain, snapshotCompression: "snappy" }, habits: busy },
];
