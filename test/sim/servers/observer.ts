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
import type { PeerEvent } from "../../../src/zab/index.ts";
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
  wrap(Replica.prototype, "start", (start) => {
    return function (this: Replica, election): void {
      here()?.takesPart(this);
      start.call(this, election);
    };
  });
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
  serves();
  if (role === "leading") world?.history.leads(epoch, nameOf(server));
}
