/**
 * Eyes in the servers: what a replica applies, whether it serves, and which epochs are led. The
 * methods of the shipped classes are wrapped in this thread, once; each call is reported to the
 * world of the run under way.
 */
import { DataTree } from "../../../src/tree/index.ts";
import type { TxnResult } from "../../../src/tree/index.ts";
import type { DecodedTxn, Txn, TxnHeader } from "../../../src/wire/index.ts";
import { Replica } from "../../../src/server/replica.ts";
import { RequestProcessor } from "../../../src/server/request-processor.ts";
import { Peer } from "../../../src/zab/index.ts";
import type { DiskOp, PeerEvent, Ready } from "../../../src/zab/index.ts";
import { runningProcess } from "../machine/process.ts";
import type { Server, World } from "./world.ts";

let world: World | undefined;

/** From now on all reports go to `newWorld`. */
export function observeFor(newWorld: World): void {
  world = newWorld;
}

/** The machine whose turn it is. */
function here(): Server | undefined {
  const host = runningProcess()?.machine;
  return world?.servers.find((server) => server.host === host);
}

function nameOf(server: Server): string {
  return `server ${server.sid} in life ${server.process?.life}`;
}

/** To be called once in a thread. */
export function installObserver(): void {
  wrap(DataTree.prototype, "apply", (apply) => {
    return function (this: DataTree, header: TxnHeader, txn: Txn): TxnResult {
      world?.history.applied(this, this.lastProcessedZxid, header, txn);
      return apply.call(this, header, txn);
    };
  });
  wrap(RequestProcessor.prototype, "applied", (applied) => {
    return function (this: RequestProcessor, decoded: DecodedTxn, result: TxnResult): void {
      serves();
      applied.call(this, decoded, result);
    };
  });
  wrap(RequestProcessor.prototype, "event", (event) => {
    return function (this: RequestProcessor, one: PeerEvent): void {
      if (one.kind === "role") roleChanged(one);
      event.call(this, one);
    };
  });
  wrap(RequestProcessor.prototype, "attach", (attach) => {
    return function (this: RequestProcessor, replica): void {
      attach.call(this, replica);
      here()?.canHandOver(this.leadership);
    };
  });
  wrap(Replica.prototype, "start", (start) => {
    return function (this: Replica, election): void {
      here()?.takesPart(this);
      logged(this.peer.lastZxid);
      start.call(this, election);
    };
  });
  installDiskObserver();
}

/** What each peer was told that its disk has. */
function installDiskObserver(): void {
  const started = new WeakMap<Peer, DiskOp[]>();
  wrap(Peer.prototype, "ready", (ready) => {
    return function (this: Peer): Ready {
      const taken = ready.call(this);
      const before = started.get(this);
      if (before === undefined) started.set(this, [...taken.disk]);
      else before.push(...taken.disk);
      return taken;
    };
  });
  wrap(Peer.prototype, "persisted", (persisted) => {
    return function (this: Peer, seq): void {
      const ops = started.get(this) ?? [];
      while (ops[0] !== undefined && ops[0].seq <= seq) {
        const op = ops.shift();
        if (op?.kind === "append") logged(op.entry.zxid);
      }
      persisted.call(this, seq);
    };
  });
  wrap(Peer.prototype, "replaced", (replaced) => {
    return function (this: Peer, seq, lastZxid, configText): void {
      const server = here();
      if (server !== undefined) world?.history.quorums.replaced(server.sid, lastZxid);
      replaced.call(this, seq, lastZxid, configText);
    };
  });
}

function logged(zxid: bigint): void {
  const server = here();
  if (server !== undefined) world?.history.quorums.logged(server.sid, zxid);
}

function wrap<T, K extends keyof T>(prototype: T, name: K, around: (original: T[K]) => T[K]): void {
  prototype[name] = around(prototype[name]);
}

function serves(): void {
  const server = here();
  if (server?.replica === undefined) return;
  world?.history.serves(server.replica.tree, nameOf(server));
}

function roleChanged({ role, serving, epoch, leader }: Extract<PeerEvent, { kind: "role" }>): void {
  const server = here();
  if (server === undefined) return;
  world?.note(server.sid, `is ${role}`, serving ? "serving" : "not serving", epoch, leader);
  if (!serving) return;
  // When it is over already, the tree may hold what was never decided: clients are told nothing.
  if (server.isServing) serves();
  if (role === "leading") world?.history.leads(epoch, server.sid, nameOf(server));
}
