/**
 * The conditions of an ensemble: one table of all of them and of every reason that each can have.
 * It makes the types, so that no other reason can be written, and the documentation. A condition
 * says what holds; an event says what was done.
 */

/** What a condition can be. */
export type ConditionStatus = "True" | "False" | "Unknown";

interface ReasonRow {
  readonly status: ConditionStatus;
  readonly meaning: string;
}

interface ConditionRow {
  readonly meaning: string;
  readonly reasons: Readonly<Record<string, ReasonRow>>;
}

const FORMING = "The ensemble has not served yet.";
const HIBERNATED = "`spec.hibernated` is set; no member runs.";
const PAUSED = "`spec.paused` is set; the operator looks on.";
const NOT_OBSERVED = "The members could not be asked.";

const TABLE = {
  Ready: {
    meaning:
      "The committed membership is the wanted one, every member is synchronised, and every pod " +
      "and volume is as the spec wants it.",
    reasons: {
      AsWanted: { status: "True", meaning: "All of that holds." },
      Forming: { status: "False", meaning: FORMING },
      Importing: { status: "False", meaning: "Servers that are imported are members still." },
      NoQuorum: { status: "False", meaning: "No quorum of the voters serves." },
      MembersNotReady: { status: "False", meaning: "A member is missing or not synchronised." },
      MembershipDiffers: {
        status: "False",
        meaning: "The committed membership is not the wanted one yet.",
      },
      PodsDiffer: { status: "False", meaning: "A pod is not as the spec wants it yet." },
      VolumesDiffer: {
        status: "False",
        meaning: "A volume, or what new ones are made from, is smaller than the spec wants it.",
      },
      Hibernated: { status: "False", meaning: HIBERNATED },
      NotObserved: { status: "Unknown", meaning: NOT_OBSERVED },
    },
  },
  Progressing: {
    meaning: "The operator is changing something.",
    reasons: {
      Forming: { status: "True", meaning: FORMING },
      Restoring: { status: "True", meaning: "The data of a backup is being put in place." },
      Importing: { status: "True", meaning: "Members are joining the ensemble that is imported." },
      Recovering: {
        status: "True",
        meaning: "The ensemble is being made anew of its survivor, as `spec.recovery` allows.",
      },
      Scaling: { status: "True", meaning: "Members are being added or removed, one at a time." },
      Rolling: { status: "True", meaning: "Pods are being replaced, one at a time." },
      Healing: { status: "True", meaning: "A member is being made whole or replaced." },
      ResizingVolumes: { status: "True", meaning: "Volumes are growing." },
      Hibernating: { status: "True", meaning: "Members are being stopped for hibernation." },
      Waking: {
        status: "True",
        meaning: "Members are being started with the volumes that were kept.",
      },
      Deleting: { status: "True", meaning: "The ensemble is being deleted." },
      AsWanted: { status: "False", meaning: "There is nothing to change." },
      Waiting: {
        status: "False",
        meaning: "There is something to change and no safe step now; the message says why.",
      },
      DeadlineExceeded: {
        status: "False",
        meaning:
          "The ensemble has come no closer to the spec for `spec.progressDeadlineSeconds`; the " +
          "operator goes on trying, and the message says at what.",
      },
      SpecRefused: {
        status: "False",
        meaning: "The spec asks for something that cannot be done; nothing is changed.",
      },
      Paused: { status: "False", meaning: PAUSED },
      Hibernated: { status: "False", meaning: HIBERNATED },
    },
  },
  Degraded: {
    meaning: "Something is broken that the ensemble may survive, though not twice.",
    reasons: {
      AsExpected: { status: "False", meaning: "Nothing is known to be broken." },
      QuorumLost: { status: "True", meaning: "The ensemble served, and no quorum does now." },
      MemberUnavailable: { status: "True", meaning: "A member that should serve does not." },
      MemberFailing: { status: "True", meaning: "A member ends again and again." },
      VolumeLost: { status: "True", meaning: "A member's volume is gone or empty." },
      VolumeForeign: {
        status: "True",
        meaning: "A member's volume has the data of another ensemble; it is left alone.",
      },
      PodUnschedulable: { status: "True", meaning: "No node takes a pod." },
      ImageUnavailable: { status: "True", meaning: "A pod's image cannot be pulled." },
      VolumeGrowthFailed: {
        status: "True",
        meaning: "A volume did not become larger; its claim says why.",
      },
      VolumeGrowthRefused: {
        status: "True",
        meaning:
          "Kubernetes refuses a larger size to a claim: its StorageClass does not allow it, or a " +
          "quota is used up.",
      },
      NotObserved: { status: "Unknown", meaning: NOT_OBSERVED },
    },
  },
  QuorumAvailable: {
    meaning: "A quorum of the voters serves.",
    reasons: {
      QuorumServes: { status: "True", meaning: "A leader and enough voters serve." },
      Forming: { status: "False", meaning: FORMING },
      TooFewVoters: { status: "False", meaning: "Fewer voters than a quorum are running." },
      NoLeader: { status: "False", meaning: "Enough voters run, but none of them leads." },
      Hibernated: { status: "False", meaning: HIBERNATED },
      NotObserved: { status: "Unknown", meaning: NOT_OBSERVED },
    },
  },
  ScaleAllowed: {
    meaning: "A change of `spec.replicas` or `spec.observers` would be carried out now.",
    reasons: {
      QuorumHealthy: { status: "True", meaning: "Every voter is synchronised, nothing moves." },
      Scaling: { status: "True", meaning: "A change is under way; the next step follows it." },
      Forming: { status: "False", meaning: FORMING },
      NoQuorum: { status: "False", meaning: "Without a quorum the membership cannot change." },
      VotersNotSynced: { status: "False", meaning: "A voter is missing or not synchronised." },
      RollInProgress: { status: "False", meaning: "Pods are being replaced; scaling waits." },
      Paused: { status: "False", meaning: PAUSED },
      Hibernated: { status: "False", meaning: HIBERNATED },
      NotObserved: { status: "Unknown", meaning: NOT_OBSERVED },
    },
  },
  ConfigurationInSync: {
    meaning: "Every member runs with the settings of `spec.config`.",
    reasons: {
      InSync: { status: "True", meaning: "All members that answer say so." },
      ConfigurationRefused: {
        status: "False",
        meaning: "A setting is unknown, malformed or the operator's; the last good ones hold.",
      },
      RestartPending: { status: "False", meaning: "A member has to be restarted for a setting." },
      ReloadPending: {
        status: "False",
        meaning:
          "A member has not taken up yet what needs no restart, or does not say so, as those of " +
          "earlier versions.",
      },
      Forming: { status: "False", meaning: FORMING },
      Hibernated: { status: "False", meaning: HIBERNATED },
      NotObserved: { status: "Unknown", meaning: NOT_OBSERVED },
    },
  },
  Imported: {
    meaning:
      "The servers that `spec.bootstrap.import` names are taken over. An ensemble that did not " +
      "begin so does not have this condition.",
    reasons: {
      OldServersMayGo: {
        status: "True",
        meaning: "None of them is in the membership any more: stop them.",
      },
      Joining: { status: "False", meaning: "Members are joining them, one at a time." },
      Joined: {
        status: "False",
        meaning:
          "All members have joined; the old servers stay until " +
          "`spec.bootstrap.import.takeOver` is true.",
      },
      TakingOver: { status: "False", meaning: "They are leaving the membership, one at a time." },
      NoQuorum: {
        status: "False",
        meaning: "No quorum of them and the members serves, or none answers the operator.",
      },
      ServersUnreachable: {
        status: "False",
        meaning:
          "A client address in `servers` does not answer, or not to `srvr`, which " +
          "`4lw.commands.whitelist` of the old servers has to have.",
      },
      ServersUnlisted: {
        status: "False",
        meaning: "A server of the membership is not in `servers`: add its client address.",
      },
      NotAnEnsemble: {
        status: "False",
        meaning:
          "A standalone server, or a quorum with groups and weights, cannot be joined: make it " +
          "an ensemble that decides by majority first.",
      },
      AddressesUnusable: {
        status: "False",
        meaning:
          "The membership says 0.0.0.0 for a server, where others cannot find it: give its own " +
          "address in its `server.N` line.",
      },
      ReconfigDisabled: {
        status: "False",
        meaning: "The old servers need `reconfigEnabled=true`: set it and restart each.",
      },
      NotAllowed: {
        status: "False",
        meaning:
          "The user of `authSecretName` may not reconfigure the old servers: use the super user, " +
          "or one whom the access control list of `/zookeeper/config` lets write.",
      },
      IdsTaken: {
        status: "False",
        meaning:
          "Members get the ids after the last one of the old servers, and at most 99: there are " +
          "not so many left.",
      },
    },
  },
  Recovered: {
    meaning:
      "The ensemble went on with the data of one member after it had lost its quorum. Only there " +
      "once `spec.recovery` was set.",
    reasons: {
      Recovered: {
        status: "True",
        meaning: "`status.recovery` says what may have been lost; remove `spec.recovery`.",
      },
      Recovering: {
        status: "False",
        meaning: "All members are stopped, and the survivor then begins an ensemble of its own.",
      },
      NothingLost: {
        status: "False",
        meaning: "Refused: there is a leader, or the ensemble has not served yet.",
      },
      QuorumMayReturn: {
        status: "False",
        meaning:
          "Refused: so many members may have their volumes that they can be a quorum again. Of " +
          "those whose volumes are gone for good, delete the claims.",
      },
      MembersSilent: {
        status: "False",
        meaning:
          "Refused: a member that may have its volume does not say what is on it. Bring it back, " +
          "or delete its claim.",
      },
      SurvivorUnfit: {
        status: "False",
        meaning:
          "Refused: the survivor is no voting member, does not answer, or has no whole volume.",
      },
      SurvivorBehind: {
        status: "False",
        meaning: "Refused: another member has more than the survivor.",
      },
      ConsentOutdated: {
        status: "False",
        meaning:
          "Refused: `spec.recovery` names another ensemble than this one is now, or another " +
          "transaction than the survivor's last one.",
      },
      NotAccepted: {
        status: "False",
        meaning:
          "It could be done: the message says what may be lost, and waits for " +
          "`spec.recovery.acceptDataLoss`.",
      },
      Paused: { status: "False", meaning: PAUSED },
      Hibernated: { status: "False", meaning: HIBERNATED },
    },
  },
} as const satisfies Readonly<Record<string, ConditionRow>>;

/** The name of a condition. */
export type ConditionType = keyof typeof TABLE;

/** Every condition by its type, in the order in which they are shown. */
export const CONDITIONS: Readonly<Record<ConditionType, ConditionRow>> = TABLE;

/** The reasons that a condition can have. */
export type ReasonOf<T extends ConditionType> = Extract<keyof (typeof TABLE)[T]["reasons"], string>;

/** A condition as it stands in `status.conditions`. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  /** The `metadata.generation` that it is about. */
  readonly observedGeneration: number;
  /** When `status` changed last (RFC 3339, whole seconds). */
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** When and for what a condition is stated. */
export interface ConditionContext {
  /** `metadata.generation` of the object that was looked at. */
  readonly generation: number;
  /** The time now, RFC 3339 in whole seconds. */
  readonly now: string;
}

/** A condition for one of its reasons; the status follows from the reason. */
export function buildCondition<T extends ConditionType>(
  type: T,
  reason: ReasonOf<T>,
  message: string,
  { generation, now }: ConditionContext,
): Condition {
  const { status } = CONDITIONS[type].reasons[reason]!;
  return {
    type,
    status,
    observedGeneration: generation,
    lastTransitionTime: now,
    reason,
    message,
  };
}

/**
 * The conditions to be written: `next`, each with the time at which its status really changed, so
 * that what says the same as before is the same as before.
 */
export function mergeConditions(
  before: readonly Condition[],
  next: readonly Condition[],
): Condition[] {
  return next.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    if (old?.status !== condition.status) return condition;
    return { ...condition, lastTransitionTime: old.lastTransitionTime };
  });
}
