/**
 * The ensemble's configuration as clients see and change it: who its members are, as text of
 * `server.N=…` lines with a version (ZooKeeper 3.9 `ZooKeeperAdmin`). Only shapes and conversions;
 * what a change may be is decided by the leader.
 */
import type { JuteReader, ReconfigRequest, Stat } from "../wire/index.ts";
import { readStat } from "../wire/index.ts";
import { ZkError } from "./zk-error.ts";

/** The node that holds the configuration; it lies above every chroot. */
export const configPath = "/zookeeper/config";

/** A configuration that is in force. */
export interface EnsembleConfig {
  /** Lines `server.N=…`, then `version=…` in hexadecimal. */
  readonly text: string;
  /** The version in `text`; 0 when it says none, as before the first reconfiguration. */
  readonly version: bigint;
  readonly stat: Stat;
}

/** What is to change. Server lines look as `server.4=host:2888:3888:observer;2181`. */
export type MembershipChange =
  | {
      /** Server lines: new servers, and known ones whose role or addresses change. */
      readonly add?: readonly string[];
      /** Ids of the servers that leave. */
      readonly remove?: readonly (bigint | number)[];
    }
  | {
      /** All server lines (and `group.G=`, `weight.N=`) of the next configuration. */
      readonly members: readonly string[];
    };

/** @throws ZkError `badArguments` when nothing is to change. */
export function encodeChange(change: MembershipChange, fromVersion: bigint): ReconfigRequest {
  if ("members" in change) {
    const newMembers = change.members.join("\n");
    return { joining: null, leaving: null, newMembers, fromVersion };
  }
  const { add = [], remove = [] } = change;
  if (add.length === 0 && remove.length === 0) {
    const reason = "nothing is to be added or removed";
    throw ZkError.because("badArguments", "reconfigure", { reason });
  }
  return {
    joining: add.length === 0 ? null : add.join(","),
    leaving: remove.length === 0 ? null : remove.join(","),
    newMembers: null,
    fromVersion,
  };
}

/** Reads the reply's body: the configuration's text and the Stat of its node. */
export function readEnsembleConfig(reader: JuteReader): EnsembleConfig {
  const text = reader.readBuffer()?.toString("utf8") ?? "";
  const hex = /^version=([0-9a-f]{1,16})$/mu.exec(text)?.[1];
  return { text, version: hex === undefined ? 0n : BigInt(`0x${hex}`), stat: readStat(reader) };
}
