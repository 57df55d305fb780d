/**
 * What happened in a run: always as a hash, so that two runs of one seed can be compared, and as
 * lines of text when somebody wants to read them.
 */
import { nullLogger } from "../../src/observe/index.ts";
import type { LogFields, Logger } from "../../src/observe/index.ts";
import { PacketType, formatHex } from "../../src/wire/index.ts";
import type { Ready } from "../../src/zab/index.ts";
import type { State } from "./chain.ts";

export type Print = (line: string) => void;

const packetNames = new Map<number, string>(
  Object.entries(PacketType).map(([name, type]) => [type, name.toUpperCase()]),
);

export class Trace {
  readonly #print: Print | undefined;
  #hash = 0x811c9dc5;
  #nowMs: () => number;

  constructor(nowMs: () => number, print: Print | undefined) {
    this.#nowMs = nowMs;
    this.#print = print;
  }

  /** Depends on all that happened so far. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  note(nowMs: number, sid: bigint, what: string, details: readonly unknown[] = []): void {
    this.#mix(nowMs);
    this.#mix(Number(sid));
    for (let index = 0; index < what.length; index++) this.#mix(what.charCodeAt(index));
    this.#print?.(`${line(nowMs, sid)} ${what} ${details.map(show).join(" ")}`);
  }

  /** The outcome of one turn of a server. */
  turn(nowMs: number, sid: bigint, ready: Ready, state: State): void {
    const { disk, deliver, sends, closes, notifications, events } = ready;
    const counts = [disk, deliver, sends, closes, notifications, events].map(
      (list: readonly unknown[]) => list.length,
    );
    for (const number of [nowMs, Number(sid), ...counts, state.node.hash]) this.#mix(number);
    if (this.#print === undefined) return;
    const say = (what: string): void => this.#print?.(`${line(nowMs, sid)}   ${what}`);
    for (const op of disk) {
      if (op.kind === "append") say(`log ${formatHex(op.entry.zxid)} as ${op.seq}`);
      else if (op.kind === "volume") say(`${op.kind} ${JSON.stringify(op.record)} as ${op.seq}`);
      else if (op.kind === "active-config") say(`${op.kind} ${op.config.version} as ${op.seq}`);
      else say(`${op.kind} ${"zxid" in op ? formatHex(op.zxid) : op.epoch} as ${op.seq}`);
    }
    for (const { zxid } of deliver) say(`deliver ${formatHex(zxid)}`);
    for (const { links, packet } of sends) {
      if (packet.type === PacketType.ping) continue;
      const type = packetNames.get(packet.type) ?? "?";
      say(`send ${type} ${formatHex(packet.zxid)} on ${links.join(" ")}`);
    }
    for (const link of closes) say(`close ${link}`);
    for (const { to, notification } of notifications) {
      const { leader, zxid, electionEpoch, peerEpoch, state: role } = notification;
      const vote = `${leader} zxid ${formatHex(zxid)} epoch ${peerEpoch}`;
      say(`vote to ${to}: ${vote} round ${electionEpoch} state ${role}`);
    }
  }

  /** A logger of one server that writes into this trace. */
  loggerOf(sid: bigint): Logger {
    if (this.#print === undefined) return nullLogger;
    const log = (message: string, fields: LogFields = {}): void => {
      const shown = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
      this.#print?.(`${line(this.#nowMs(), sid)}   "${message}" ${shown.join(" ")}`);
    };
    const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    return logger;
  }

  #mix(number: number): void {
    this.#hash = Math.imul(this.#hash ^ (number | 0), 0x01000193);
  }
}

function line(nowMs: number, sid: bigint): string {
  return `${String(nowMs).padStart(7)} [${sid === 0n ? "-" : sid}]`;
}

function show(value: unknown): string {
  return typeof value === "bigint" ? formatHex(value) : String(value);
}
