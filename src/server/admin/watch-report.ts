/**
 * Who watches what: the reports of `wchs`, `wchc` and `wchp` and of their admin commands. The long
 * ones name a limited number of watches and no more, whoever asks (CVE-2017-5637), and come in
 * pieces, so that other clients need not wait for them. As in ZooKeeper, watches on lists of
 * children are not among them.
 */
import type { Watcher } from "../../tree/index.ts";
import { formatHex } from "../../wire/index.ts";
import { ClientConnection } from "../client-connection.ts";
import type { ServerFacts } from "./server-facts.ts";

/** Watches that one report names. */
const reportedWatchesMax = 100_000;

/** Text for `wchs`. */
export function formatWatchSummary({ clients }: ServerFacts): string {
  const { watchers, paths, count } = clients.watches.nodeWatches;
  return `${watchers} connections watching ${paths} paths\nTotal watches:${count}\n`;
}

/** Text for `wchc`: the paths of each session. */
export function* formatPathsBySession({ clients }: ServerFacts): Generator<string> {
  let left = reportedWatchesMax;
  for (const [watcher, paths] of clients.watches.pathsByWatcher()) {
    yield `${formatHex(sessionOf(watcher))}\n`;
    for (const path of paths) {
      if (left === 0) {
        yield formatRest(clients.watches.nodeWatches.count);
        return;
      }
      left -= 1;
      yield `\t${path}\n`;
    }
  }
  yield "\n";
}

/** Text for `wchp`: the sessions of each path. */
export function* formatSessionsByPath({ clients }: ServerFacts): Generator<string> {
  let left = reportedWatchesMax;
  for (const [path, watchers] of clients.watches.watchersByPath()) {
    yield `${path}\n`;
    for (const watcher of watchers) {
      if (left === 0) {
        yield formatRest(clients.watches.nodeWatches.count);
        return;
      }
      left -= 1;
      yield `\t${formatHex(sessionOf(watcher))}\n`;
    }
  }
  yield "\n";
}

/** Session id and path of each watch. */
export function* eachWatch({
  clients,
}: ServerFacts): Generator<readonly [sessionId: bigint, path: string]> {
  let left = reportedWatchesMax;
  for (const [watcher, paths] of clients.watches.pathsByWatcher()) {
    for (const path of paths) {
      if (left === 0) return;
      left -= 1;
      yield [sessionOf(watcher), path];
    }
  }
}

function sessionOf(watcher: Watcher): bigint {
  return watcher instanceof ClientConnection ? watcher.sessionId : 0n;
}

function formatRest(count: number): string {
  return `\nOnly ${reportedWatchesMax} of ${count} watches are shown\n`;
}
