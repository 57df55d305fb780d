/**
 * What a server counts while it works. Plain numbers and summaries, written by whoever does the
 * work and read when somebody asks (`metric-table.ts`): counting costs an addition, and nothing
 * here knows how it is shown. Sizes are in bytes, durations in milliseconds.
 *
 * What can be read off the state when it is asked for (nodes, connections, learners) is not
 * counted here but in `ServerGauges`.
 */
import { Summary } from "../../observe/index.ts";
import { EventType } from "../../wire/index.ts";
import { SizeSummary } from "../statistics.ts";
import { RoleMetrics } from "./role-metrics.ts";
import { RequestTimes } from "./request-times.ts";

export class ServerMetrics {
  /** When the server began to start, on its monotonic clock. */
  readonly startedAtMs: number;
  readonly roles: RoleMetrics;

  // Clients' connections and sessions
  /** ConnectRequests received. */
  connectionRequests = 0;
  /** Of these, the ones that take up an earlier session. */
  connectionRevalidations = 0;
  /** Connections refused because there are too many. */
  connectionsRejected = 0;
  /** Connections refused because this server does not serve, or knows less than the client. */
  connectionsNotServed = 0;
  /** Connections with a session that ended without its closing. */
  connectionsDropped = 0;
  /** Connections that did not ask for a session in time. */
  sessionlessExpired = 0;
  sessionsExpired = 0;
  /** Revalidations asked of this server, which leads, by learners. */
  revalidations = 0;
  authFailures = 0;

  // Requests
  readonly requestTimes = new RequestTimes();
  bytesReceived = 0;
  responseBytes = 0;
  readonly responseSizes = new SizeSummary();
  /** Replies with an error, by its code. */
  readonly errors = new Map<number, number>();

  // Watches
  watchEvents = 0;
  watchBytes = 0;
  /** Watches that one change fired, for the changes that fired any, by event type. */
  readonly watchesFired: ReadonlyMap<EventType, Summary> = new Map([
    [EventType.nodeCreated, new Summary()],
    [EventType.nodeDeleted, new Summary()],
    [EventType.nodeDataChanged, new Summary()],
    [EventType.nodeChildrenChanged, new Summary()],
  ]);

  // Replication
  proposals = 0;
  readonly proposalSizes = new SizeSummary();
  commits = 0;
  learnerProposals = 0;
  learnerCommits = 0;
  /** Learners brought up to date with transactions, and with snapshots. */
  diffsSent = 0;
  snapshotsSent = 0;
  /** Of the former, those that got transactions of the log. */
  logDiffsSent = 0;
  /** Learners dropped because they took too little of what they were sent, or said nothing. */
  overfullLearners = 0;
  silentLearners = 0;
  digestMismatches = 0;
  /** From the proposal to its commit, on the leader. */
  readonly quorumAckMs = new Summary();
  /** From the leader's taking up of a request to its application here, by both wall clocks. */
  readonly propagationMs = new Summary();
  /** Turning a request into a transaction, on the leader. */
  readonly prepareMs = new Summary();

  /** Odd servers and votes that came to this one, by what is odd. */
  readonly peerOddities = new Map<string, number>();

  // Disk
  snapshotErrors = 0;
  /** Loading the state at the start of the process. */
  readonly loadMs = new Summary();
  readonly loadedTxns = new Summary();

  constructor(nowMs: number) {
    this.startedAtMs = nowMs;
    this.roles = new RoleMetrics(nowMs);
  }

  /** All summaries, for whoever moves their windows on. */
  *summaries(): IterableIterator<Summary> {
    yield* this.roles.summaries();
    yield* this.requestTimes.byName.values();
    yield* this.watchesFired.values();
    yield* [this.quorumAckMs, this.propagationMs, this.prepareMs, this.loadMs, this.loadedTxns];
  }

  noteError(code: number): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** @param bytes the whole reply without its length field. */
  noteResponse(bytes: number): void {
    this.responseBytes += bytes;
    this.responseSizes.note(bytes);
  }
}
