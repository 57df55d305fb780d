/**
 * What Apache's servers warn of. Losing connections, and starting, makes them warn in ordinary
 * ways, which are listed here; anything else may be about a packet, record or vote that they do
 * not understand.
 */
import type { ServerGroup } from "./server-group.ts";

const ordinary: readonly RegExp[] = [
  // Connections that end because a server was killed, stopped, or not started yet.
  /Cannot open channel to \d+ at election address/u,
  /Connection broken for id \d+/u,
  /(?:Interrupting SendWorker|Interrupted while waiting for message on queue)/u,
  /(?:Send worker leaving thread|Exception when using channel: for id)/u,
  /Unexpected exception, tries=\d+, remaining init limit=\d+, connecting to/u,
  /Exception when (?:following|observing) the leader/u,
  /PeerState set to LOOKING/u,
  /(?:Close of session 0x|CancelledKeyException causing close of session)/u,
  /\*{7} GOODBYE/u,
  // The first transaction after a synchronisation, whatever its number.
  /Got zxid 0x[0-9a-f]+ expected 0x1$/u,
  // What a learner has too much is cut; when what it lacks is not at hand it gets a snapshot.
  /Truncating log to get in sync with the leader/u,
  /Unhandled scenario for peer sid: \d+ .* txnLogSyncEnabled=false/u,
  /maxCnxns is not configured, using default value 0/u,
  /(?:Too busy to snap, skipping|Message:Quota exceeded: )/u,
];

/** Warnings of Apache's members of `group`, over all their runs, that are none of the ordinary. */
export async function unusualWarnings(group: ServerGroup): Promise<string[]> {
  const found: string[] = [];
  for (const id of group.ids) {
    for (const kind of ["apache", "apache-3.8"] as const) {
      const lines = (await group.log(kind, id)).split("\n");
      const warnings = lines.filter((line) => / WARN {2}/u.test(line));
      found.push(...warnings.filter((line) => !ordinary.some((known) => known.test(line))));
    }
  }
  return found;
}
