/**
 * Changes who the members are and who leads, at random times and whatever else goes on: voters and
 * observers come, go, take each other's place and change their roles; leaders are asked to hand
 * over, to a server or to any. Clients ask for the changes. Several may ask at once, and for
 * something that is out of date: the version that they go by lets one of them through.
 *
 * No change may make a quorum of servers that have lost their disks: with fewer voters than
 * before only from the configuration that was looked at, and with new ones only that have the data.
 */
import { assertDefined, randomInt } from "../../../src/base/index.ts";
import type { ServerRole } from "../../../src/wire/index.ts";
import { votersOf } from "./model-members.ts";
import type { MemberRequest, Roles } from "./request.ts";
import type { SimClient } from "./sim-client.ts";
import type { Server, World } from "./world.ts";

/** Time after which a change that did not come about is asked for again, in ms. */
const insistEveryMs = 300;

const nobody: Roles = new Map();

export class MemberChanges {
  readonly #world: World;
  readonly #clients: readonly SimClient[];
  readonly #disturbed: () => void;
  #isOn = true;
  #formerVersion = 0n;

  /** @param disturbed is told of whatever may end a leader's time. */
  constructor(world: World, clients: readonly SimClient[], disturbed: () => void) {
    this.#world = world;
    this.#clients = clients;
    this.#disturbed = disturbed;
  }

  start(): void {
    const { changeEveryMs, handOverEveryMs } = this.#world.options.members;
    this.#every(changeEveryMs, () => {
      this.#disturbed();
      this.#change();
    });
    // A leader that hands over is no excuse for whatever its clients notice.
    this.#every(handOverEveryMs, () => this.#handOver());
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Asks again and again until the members have changed once more. */
  insist(): void {
    const { scheduler, history } = this.#world;
    const before = history.members.changeCount;
    const ask = (): void => {
      if (history.members.changeCount > before) return;
      this.#change();
      scheduler.after(insistEveryMs, ask);
    };
    ask();
  }

  /** Some client asks for some change, if one can. */
  #change(): void {
    const able = this.#clients.filter(({ isConnected, isClosing }) => isConnected && !isClosing);
    if (able.length === 0) return;
    const client = this.#pick(able);
    const request = this.#request();
    client.process.enter(() => client.write(request));
  }

  #every(everyMs: number, fault: () => void): void {
    if (everyMs === 0) return;
    const { random, scheduler } = this.#world;
    scheduler.after(randomInt(random, 1, everyMs * 2), () => {
      if (!this.#isOn) return;
      fault();
      this.#every(everyMs, fault);
    });
  }

  #handOver(): void {
    const { random, servers } = this.#world;
    const leader = servers.find(({ isLeading }) => isLeading);
    const target = random.next() < 0.5 ? undefined : this.#pick(servers).sid;
    leader?.handOver(target);
  }

  #request(): MemberRequest {
    const { random, history } = this.#world;
    const { roles } = history.members.newest;
    const version = this.#version();
    const request = { kind: "reconfig", joining: nobody, leaving: [], all: undefined } as const;
    const dice = random.next();
    if (dice < 0.15) return { ...request, all: this.#anyRoles(), fromVersion: -1n };
    // What is out of date is refused, unless it says that it fits whatever there is.
    const stale = random.next() < 0.2 ? this.#formerVersion : version;
    this.#formerVersion = version;
    const comer = this.#comer(roles);
    const goer = this.#goer(roles, dice > 0.7);
    if (dice < 0.4 && comer !== undefined) {
      const fromVersion = random.next() < 0.5 ? -1n : stale;
      return { ...request, joining: new Map([[comer, this.#role()]]), fromVersion };
    }
    if (dice < 0.6 || goer === undefined) return this.#roleChange(roles, stale);
    const joining: Roles =
      dice > 0.7 && comer !== undefined ? new Map([[comer, "participant" as const]]) : nobody;
    if (joining.size === 0 && !this.#isSpared(goer, roles)) return this.#roleChange(roles, stale);
    return { ...request, joining, leaving: [goer], fromVersion: stale };
  }

  /** A voter becomes an observer or the other way round, as far as that leaves enough voters. */
  #roleChange(roles: Roles, fromVersion: bigint): MemberRequest {
    const sid = this.#pick([...roles.keys()]);
    const isDemoted = roles.get(sid) === "participant" && this.#isSpared(sid, roles);
    const isPromoted = roles.get(sid) === "observer" && this.#hasData(this.#server(sid));
    const before = assertDefined(roles.get(sid), "a member has a role");
    const role: ServerRole = isDemoted ? "observer" : isPromoted ? "participant" : before;
    return {
      kind: "reconfig",
      joining: new Map([[sid, role]]),
      leaving: [],
      all: undefined,
      fromVersion,
    };
  }

  /** Some servers that have the data, at least as many as there have to be; else all as it is. */
  #anyRoles(): Roles {
    const { random, options, servers, history } = this.#world;
    const able = servers.filter((server) => this.#hasData(server));
    const roles = new Map<bigint, ServerRole>();
    for (const { sid } of able) {
      const dice = random.next();
      if (dice < 0.8) roles.set(sid, dice < 0.6 ? "participant" : "observer");
    }
    const isEnough = votersOf(roles).length >= options.members.votersMin;
    return isEnough ? roles : history.members.newest.roles;
  }

  /** A server that is no member and has the data. */
  #comer(roles: Roles): bigint | undefined {
    const { servers } = this.#world;
    const able = servers.filter((server) => !roles.has(server.sid) && this.#hasData(server));
    return able.length === 0 ? undefined : this.#pick(able).sid;
  }

  #goer(roles: Roles, isVoter: boolean): bigint | undefined {
    const able = isVoter ? votersOf(roles) : [...roles.keys()];
    return able.length === 0 ? undefined : this.#pick(able);
  }

  /** Whether enough voters are left without `sid`. */
  #isSpared(sid: bigint, roles: Roles): boolean {
    const left = votersOf(roles).filter((voter) => voter !== sid);
    return left.length >= Math.max(1, this.#world.options.members.votersMin);
  }

  #hasData({ replica, isServing }: Server): boolean {
    return isServing && replica?.peer.isIncomplete === false;
  }

  /** The version of the newest configuration; the name of the first one, as some server has it. */
  #version(): bigint {
    const { servers, history } = this.#world;
    const { version } = history.members.newest;
    if (version !== 0n) return version;
    const serving = servers.find(({ isServing }) => isServing);
    return serving?.replica?.peer.membership.version ?? 0n;
  }

  #role(): ServerRole {
    return this.#world.random.next() < 0.75 ? "participant" : "observer";
  }

  #server(sid: bigint): Server {
    const server = this.#world.servers.find((one) => one.sid === sid);
    return assertDefined(server, "members are servers");
  }

  #pick<T>(from: readonly T[]): T {
    return from[randomInt(this.#world.random, 0, from.length)]!;
  }
}
