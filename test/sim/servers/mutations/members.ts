/** Defects of changing the members. */
import { changingMembers } from "./circumstances.ts";
import type { Mutation } from "./mutation.ts";

const proposals = "src/zab/proposals.ts";

export const memberMutations: readonly Mutation[] = [
  {
    name: "old-quorum-alone",
    defect: "a reconfiguration is committed by a quorum of the old voters alone",
    seenIn: "own rule: a change of members takes both quorums",
    override: changingMembers,
    edits: [
      {
        file: proposals,
        find: "voters: this.#context.voters, acks: 0 });",
        replace: "voters: this.#context.configs.electors, acks: 0 });",
      },
    ],
  },
  {
    name: "new-quorum-alone",
    defect: "a reconfiguration is committed by a quorum of the new voters alone",
    seenIn: "own rule: a change of members takes both quorums",
    override: changingMembers,
    edits: [
      {
        file: "src/zab/configurations.ts",
        find: "return new Voters([this.#active, seen], this.#options.rule);",
        replace: "return new Voters([seen], this.#options.rule);",
      },
    ],
  },
  {
    name: "any-version",
    defect: "the version that a reconfiguration names is not looked at",
    seenIn: "own rule: a change of members is a compare-and-set",
    override: changingMembers,
    edits: [
      {
        file: "src/tree/next-config.ts",
        find: "if (fromVersion !== -1n && fromVersion !== current.version) return ErrorCode.badVersion;",
        replace: "void fromVersion;",
      },
    ],
  },
  {
    name: "proposed-forgotten",
    defect: "a proposed configuration in the log is forgotten with a restart",
    seenIn: "own rule: a change of members takes both quorums",
    override: changingMembers,
    edits: [
      {
        file: "src/server/reconfig/starting-configs.ts",
        find: "return seen !== undefined && seen.version > active.version ? seen : undefined;",
        replace: "return seen !== undefined && seen.version < active.version ? seen : undefined;",
      },
    ],
  },
];
