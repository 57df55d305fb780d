/** What a seed decides before anything happens: every simulation has troubles of its own kind. */
import { seededRandom } from "../../../src/base/index.ts";

/** Chances are per tick. */
export interface SimOptions {
  readonly replicas: number;
  readonly observers: number;
  /** How long faults and edits go on. */
  readonly chaosTicks: number;
  readonly operatorChance: number;
  readonly editChance: number;
  readonly crashChance: number;
  readonly evictionChance: number;
  readonly volumeLossChance: number;
  readonly silenceChance: number;
  readonly unschedulableChance: number;
  /** Somebody changes or deletes StatefulSets by hand. */
  readonly handChance: number;
  /** Somebody deletes the object, and makes it anew. */
  readonly recreationChance: number;
  /** Chance that a new image is bad. */
  readonly badImageChance: number;
  /** How old the operator's cache may be, in ticks. */
  readonly staleTicksMax: number;
  /** Chance of each request never to arrive, and to take a tick. */
  readonly lossChance: number;
  readonly delayChance: number;
  readonly restartChance: number;
  /** What is tried when all has calmed down. */
  readonly isHibernatedLast: boolean;
  readonly isDeletedLast: boolean;
  /** Servers of another ensemble that are imported; 0 for one that is founded. */
  readonly oldServers: number;
  /** Whether one of them may die for good. */
  readonly canLoseOldServer: boolean;
  /** Whether the import is given up when all has calmed down. */
  readonly isGivenUpLast: boolean;
  /** A user accepts at once that data is lost, whatever has happened. */
  readonly hastyChance: number;
  /** Whether the quorum is lost for good when all has calmed down. */
  readonly losesQuorumLast: boolean;
}

export function optionsOf(seed: number): SimOptions {
  const random = seededRandom(seed * 31 + 7);
  const upTo = (max: number): number => random.next() * max;
  /** Some kinds of trouble are absent altogether. */
  const maybe = (max: number): number => (random.next() < 0.4 ? 0 : upTo(max));
  const handChance = random.next() < 0.8 ? 0 : upTo(0.02);
  return {
    replicas: 1 + Math.floor(upTo(5)),
    observers: Math.max(0, Math.floor(upTo(5)) - 2),
    chaosTicks: 150 + Math.floor(upTo(350)),
    operatorChance: 0.3 + upTo(0.7),
    editChance: maybe(0.1),
    crashChance: maybe(0.06),
    evictionChance: maybe(0.04),
    volumeLossChance: maybe(0.05),
    silenceChance: maybe(0.05),
    unschedulableChance: maybe(0.1),
    handChance,
    recreationChance: maybe(0.01),
    badImageChance: upTo(0.6),
    staleTicksMax: Math.floor(maybe(20)),
    lossChance: maybe(0.3),
    // What users do by hand in the meantime is not the operator's doing.
    delayChance: handChance > 0 ? 0 : maybe(0.5),
    restartChance: maybe(0.1),
    isHibernatedLast: random.next() < 0.3,
    isDeletedLast: random.next() < 0.3,
    oldServers: random.next() < 0.7 ? 0 : 1 + Math.floor(upTo(4)),
    canLoseOldServer: random.next() < 0.5,
    isGivenUpLast: random.next() < 0.15,
    hastyChance: random.next() < 0.7 ? 0 : upTo(0.1),
    // Whoever starts pods by hand then has two ensembles by their own doing.
    losesQuorumLast: random.next() < 0.25 && handChance === 0,
  };
}
