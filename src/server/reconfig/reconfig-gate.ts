/** What the leader's preparer asks of the replication core before it makes a reconfiguration. */
import { assertDefined } from "../../base/index.ts";
import type { ReconfigGate } from "../../tree/index.ts";
import { ErrorCode } from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";
import { membershipOf } from "../../zab/index.ts";
import type { Peer, ReconfigProblem } from "../../zab/index.ts";
import type { ServerConfig } from "../config/index.ts";

const codes: Record<ReconfigProblem, number> = {
  disabled: ErrorCode.reconfigDisabled,
  "in-progress": ErrorCode.reconfigInProgress,
  "bad-size": ErrorCode.badArguments,
  "no-quorum": ErrorCode.newConfigNoQuorum,
};

export function createReconfigGate(
  config: Pick<ServerConfig, "reconfigEnabled" | "replicated" | "standaloneEnabled">,
  peer: Peer,
): ReconfigGate {
  const { reconfigEnabled, replicated, standaloneEnabled } = config;
  const current = (): QuorumConfig =>
    assertDefined(peer.membership.config, "a quorum has a configuration");
  return {
    votersMin: standaloneEnabled ? 2 : 1,
    problem: () => {
      if (!reconfigEnabled) return ErrorCode.reconfigDisabled;
      // As ZooKeeper answers on a standalone server.
      if (!replicated) return ErrorCode.unimplemented;
      return peer.lastSeen === undefined ? ErrorCode.ok : ErrorCode.reconfigInProgress;
    },
    current,
    refusal: (next) => {
      const problem = peer.leader?.reconfigProblem(membershipOf(next));
      return problem === undefined ? ErrorCode.ok : codes[problem];
    },
  };
}
