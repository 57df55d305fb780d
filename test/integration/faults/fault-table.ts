/**
 * What can happen to an ensemble: a table, to which a new kind of fault is added as a row. A fault
 * begins, lasts as long as the run likes, and is healed by what its beginning gave back.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import type { WantedChange } from "./administrator.ts";
import type { FaultyEnsemble } from "./faulty-ensemble.ts";
import { between } from "./network.ts";
import type { End, Impairment } from "./network.ts";

/** What a fault has to work with. */
export interface Scene {
  readonly ensemble: FaultyEnsemble;
  readonly random: Random;
  /** Who led when the fault was chosen; any server when nobody did. */
  readonly leader: number;
  /** Another server, by chance. */
  readonly follower: number;
}

/** Ends a fault; the run itself starts servers that have ended, and makes the members whole. */
type Heal = () => Promise<void> | void;

export interface Fault {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** Whether it can be had here. @default yes */
  readonly isPossible?: (ensemble: FaultyEnsemble) => boolean;
  /** Does it; resolves with what it was done to, for the report, and how it ends. */
  begin(scene: Scene): Promise<{ readonly to: string; readonly heal: Heal }>;
}

const nothing: Heal = () => undefined;

/** Every kind there is. */
const faults: readonly Fault[] = [
  killing("kill the leader", 4, ({ leader }) => [leader]),
  killing("kill a follower", 2, ({ follower }) => [follower]),
  killing("kill a majority", 1, ({ ensemble, random }) => majority(ensemble.ids, random)),
  killing("kill all", 1, ({ ensemble }) => ensemble.ids),
  freezing("freeze the leader", 3, ({ leader }) => leader),
  freezing("freeze a follower", 1, ({ follower }) => follower),
  breaking("isolate the leader", 3, (scene) => between([scene.leader], othersOf(scene))),
  breaking("isolate the leader, also from clients", 2, (scene) =>
    between([scene.leader], [...othersOf(scene), "clients"]),
  ),
  breaking("isolate a follower", 1, ({ ensemble, follower }) =>
    between([follower], without(ensemble.ids, follower)),
  ),
  breaking("split in two", 2, ({ ensemble, random }) => {
    const side = majority(ensemble.ids, random);
    return between(
      side,
      ensemble.ids.filter((id) => !side.includes(id)),
    );
  }),
  breaking("deafen the leader", 2, (scene) => oneWay(othersOf(scene), [scene.leader])),
  breaking("silence the leader", 2, (scene) => oneWay([scene.leader], othersOf(scene))),
  breaking("cut one link", 2, ({ leader, follower }) => between([leader], [follower])),
  breaking("cut one direction", 2, ({ leader, follower, random }) =>
    random.next() < 0.5 ? oneWay([leader], [follower]) : oneWay([follower], [leader]),
  ),
  breaking("keep clients from the leader", 1, ({ leader }) => between([leader], ["clients"])),
  breaking("keep clients from a follower", 1, ({ follower }) => between([follower], ["clients"])),
  breaking("lose packets", 2, ({ ensemble }) => between(ensemble.ids, ensemble.ids, "lossy")),
  breaking("narrow the leader's links", 1, (scene) =>
    between([scene.leader], othersOf(scene), "narrow"),
  ),
  {
    name: "stop the leader in order",
    weight: 2,
    begin: async ({ ensemble, leader }) => {
      await ensemble.stopServer(leader);
      return { to: String(leader), heal: nothing };
    },
  },
  syncing("fail the leader's syncs", 2, ({ leader }) => [leader, "fail"]),
  syncing("fail a follower's syncs", 1, ({ follower }) => [follower, "fail"]),
  syncing("hang the leader's syncs", 2, ({ leader }) => [leader, "hang"]),
  syncing("hang a follower's syncs", 1, ({ follower }) => [follower, "hang"]),
  filling("fill the leader's disk", 2, ({ leader }) => leader),
  filling("fill a follower's disk", 1, ({ follower }) => follower),
  changing("remove the leader", 2, ({ leader }) => ({ removed: leader })),
  changing("remove a follower", 3, ({ follower }) => ({ removed: follower })),
  changing("make a follower an observer", 3, ({ follower }) => ({ observer: follower })),
  changing("leave a majority of the members", 2, ({ ensemble, random }) => ({
    members: majority(ensemble.ids, random),
  })),
  handingOver("hand the leadership to a follower", 2, ({ follower }) => follower),
  handingOver("hand the leadership to any", 2, () => undefined),
];

/** One of those that are possible here, by their weights. */
export function chooseFault(ensemble: FaultyEnsemble, random: Random): Fault {
  const possible = faults.filter(({ isPossible }) => isPossible?.(ensemble) ?? true);
  let left = randomInt(
    random,
    0,
    possible.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const fault of possible) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  throw new RangeError("No fault is possible");
}

function killing(name: string, weight: number, whom: (scene: Scene) => number[]): Fault {
  return {
    name,
    weight,
    begin: async (scene) => {
      const ids = whom(scene);
      await Promise.all(ids.map((id) => scene.ensemble.kill(id)));
      return { to: ids.join(", "), heal: nothing };
    },
  };
}

function freezing(name: string, weight: number, whom: (scene: Scene) => number): Fault {
  return {
    name,
    weight,
    begin: async (scene) => {
      const id = whom(scene);
      await scene.ensemble.freeze(id);
      return { to: String(id), heal: () => scene.ensemble.thaw(id) };
    },
  };
}

function filling(name: string, weight: number, whose: (scene: Scene) => number): Fault {
  return {
    name,
    weight,
    isPossible: ({ hasDisks }) => hasDisks,
    begin: async (scene) => {
      const id = whose(scene);
      scene.ensemble.fill(id);
      return { to: String(id), heal: () => scene.ensemble.empty(id) };
    },
  };
}

function syncing(
  name: string,
  weight: number,
  which: (scene: Scene) => [id: number, how: "fail" | "hang"],
): Fault {
  return {
    name,
    weight,
    isPossible: ({ canBreakSyncs }) => canBreakSyncs,
    begin: async (scene) => {
      const [id, how] = which(scene);
      scene.ensemble.breakSyncs(id, how);
      return { to: String(id), heal: () => scene.ensemble.mendSyncs(id) };
    },
  };
}

/** It is only asked for: what else happens may happen meanwhile. */
function changing(name: string, weight: number, how: (scene: Scene) => WantedChange): Fault {
  return {
    name,
    weight,
    isPossible: ({ canChangeMembers }) => canChangeMembers,
    begin: (scene) => {
      const wanted = how(scene);
      const answered = scene.ensemble.administrator.change(wanted);
      const to = `${Object.values(wanted).join(", ")}, leader ${scene.leader}`;
      return Promise.resolve({ to, heal: () => answered });
    },
  };
}

/** It is only asked for, as above. */
function handingOver(
  name: string,
  weight: number,
  toWhom: (scene: Scene) => number | undefined,
): Fault {
  return {
    name,
    weight,
    begin: (scene) => {
      const { ensemble, leader } = scene;
      const target = toWhom(scene);
      const answered = ensemble.administrator.handOver(leader, target);
      return Promise.resolve({ to: `${leader}→${target ?? "any"}`, heal: () => answered });
    },
  };
}

function breaking(name: string, weight: number, which: (scene: Scene) => Impairment[]): Fault {
  // What a row needs of the network is seen from what it does to any scene.
  const isPossible = (ensemble: FaultyEnsemble): boolean => {
    const [leader = 0, follower = 0] = ensemble.ids;
    const random = { next: () => 0 };
    const { kinds, hasClients } = ensemble.network;
    return which({ ensemble, random, leader, follower }).every(
      ({ from, to, kind }) =>
        kinds.includes(kind) && (hasClients || (from !== "clients" && to !== "clients")),
    );
  };
  return {
    name,
    weight,
    isPossible,
    begin: async (scene) => {
      const links = which(scene).filter(({ from, to }) => from !== to);
      const heal = await scene.ensemble.impair(links);
      return { to: describe(links, scene), heal };
    },
  };
}

function describe(links: readonly Impairment[], { leader, ensemble }: Scene): string {
  if (links.length > ensemble.ids.length * 2) return "many links";
  return links.map(({ from, to }) => `${from}→${to}`).join(" ") + `, leader ${leader}`;
}

function oneWay(some: readonly End[], others: readonly End[]): Impairment[] {
  return some.flatMap((from) => others.map((to): Impairment => ({ from, to, kind: "cut" })));
}

function othersOf({ ensemble, leader }: Scene): number[] {
  return without(ensemble.ids, leader);
}

function without(ids: readonly number[], id: number): number[] {
  return ids.filter((other) => other !== id);
}

/** Just more than half of them, by chance. */
function majority(ids: readonly number[], random: Random): number[] {
  const left = [...ids];
  while (left.length * 2 > ids.length + 2) left.splice(randomInt(random, 0, left.length), 1);
  return left;
}
