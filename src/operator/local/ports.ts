/**
 * The ports of local members: which ones, and whether they are free. Client ports are what users
 * connect to, so those of a new ensemble are consecutive from a base that the user knows, and a
 * taken one is an error. Ports between members are nobody's business: the first free ones from
 * the base are taken. Once chosen, ports are kept, as the ensemble's own configuration has them;
 * but nothing depends on admin ports, so others are taken where those are not free.
 */
import { createServer } from "node:net";
import type { Server } from "node:net";
import { assertDefined } from "../../base/index.ts";
import { OperatorError } from "../operator-error.ts";

/** The ports of one member. */
export interface MemberPorts {
  readonly id: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  /** For commands and probes over HTTP. */
  readonly adminPort: number;
}

/** The ports of an earlier run, which may have been one without admin ports. */
export type RecordedPorts = Omit<MemberPorts, "adminPort"> & Partial<MemberPorts>;

/** Which ports are wanted. */
export interface PortChoice {
  readonly host: string;
  /** The members that ports are wanted for, ascending. */
  readonly ids: readonly number[];
  /** The ports of these and other members that are known; empty for a new ensemble. */
  readonly recorded: readonly RecordedPorts[];
  /** First client port of a new ensemble; 0 for any; null for 2181. */
  readonly clientPortBase: number | null;
  /** First port between members of a new ensemble; 0 for any; null for free ones from 28880. */
  readonly peerPortBase: number | null;
}

const CLIENT_PORT_BASE = 2181;
const PEER_PORT_BASE = 28880;
const ADMIN_PORT_BASE = 8080;
/** How far above the base free ports are looked for. */
const PORT_SEARCH = 1000;
const PORT_MAX = 65535;

/**
 * Chooses the ports of members and makes sure that they are free right now: those that are known,
 * for a new ensemble those from the bases, and for more members free ones above all others.
 *
 * @throws OperatorError PORT_TAKEN with a line for each port that is not free.
 */
export async function choosePorts(choice: PortChoice): Promise<MemberPorts[]> {
  const { host, ids, recorded } = choice;
  const holder = new PortHolder(host, recorded);
  const known = recorded.filter(({ id }) => ids.includes(id));
  const added = ids.filter((id) => known.every((ports) => ports.id !== id));
  try {
    await holder.take(
      known.map(({ clientPort }) => clientPort),
      "--client-port-base",
    );
    await holder.take(
      known.flatMap(({ quorumPort, electionPort }) => [quorumPort, electionPort]),
      "--peer-port-base",
    );
    const clientPorts = await chooseClientPorts(choice, added.length, holder);
    const peerPorts = await choosePeerPorts(choice, 2 * added.length, holder);
    const chosen = added.map((id, index) => ({
      id,
      clientPort: clientPorts[index]!,
      quorumPort: peerPorts[2 * index]!,
      electionPort: peerPorts[2 * index + 1]!,
    }));
    const all: MemberPorts[] = [];
    for (const ports of [...known, ...chosen].toSorted((a, b) => a.id - b.id)) {
      all.push({ ...ports, adminPort: await chooseAdminPort(ports, holder) });
    }
    return all;
  } catch (error) {
    if (!(error instanceof PortsTaken)) throw error;
    throw new OperatorError("PORT_TAKEN", describeTaken(error, choice), error);
  } finally {
    await holder.release();
  }
}

class PortsTaken extends Error {
  override readonly name = "PortsTaken";
  readonly ports: readonly number[];
  /** What chooses others; null if nothing does. */
  readonly flag: string | null;

  constructor(ports: readonly number[], flag: string | null) {
    super(`Ports in use: ${ports.join(", ")}`);
    this.ports = ports;
    this.flag = flag;
  }
}

/** Ports that the ensemble's own configuration has cannot be exchanged for others. */
function describeTaken({ ports, flag }: PortsTaken, { host, recorded }: PortChoice): string[] {
  const isOpen = recorded.length === 0 && flag !== null;
  const hint = isOpen ? `, or choose other ports with ${flag}` : "";
  return ports.map((port) => {
    return `Port ${String(port)} on ${host} is in use: stop what uses it${hint}`;
  });
}

async function chooseClientPorts(
  { recorded, clientPortBase }: PortChoice,
  count: number,
  holder: PortHolder,
): Promise<number[]> {
  const flag = "--client-port-base";
  if (recorded.length > 0) {
    const highest = Math.max(...recorded.map(({ clientPort }) => clientPort));
    return holder.findFree(highest + 1, count, flag);
  }
  return holder.take(consecutive(clientPortBase ?? CLIENT_PORT_BASE, count, flag), flag);
}

async function choosePeerPorts(
  { recorded, peerPortBase }: PortChoice,
  count: number,
  holder: PortHolder,
): Promise<number[]> {
  const flag = "--peer-port-base";
  if (recorded.length === 0 && peerPortBase !== null) {
    return holder.take(consecutive(peerPortBase, count, flag), flag);
  }
  return holder.findFree(PEER_PORT_BASE, count, flag);
}

async function chooseAdminPort(
  { adminPort }: Partial<MemberPorts>,
  holder: PortHolder,
): Promise<number> {
  if (adminPort !== undefined && (await holder.hold(adminPort)) !== null) return adminPort;
  const [port] = await holder.findFree(ADMIN_PORT_BASE, 1, null);
  return assertDefined(port, "As many ports are found as were asked for");
}

/** `count` ports from `base`; all 0, which is any port, when the base is 0. */
function consecutive(base: number, count: number, flag: string): number[] {
  if (base + count - 1 > PORT_MAX) {
    const problem = `${flag}: expected room for ${String(count)} ports up to 65535`;
    throw new OperatorError("PORT_TAKEN", `${problem}, found ${String(base)}`);
  }
  return Array.from({ length: count }, (_, index) => (base === 0 ? 0 : base + index));
}

/** Holds ports, so that none is chosen twice, until all are chosen. */
class PortHolder {
  readonly #host: string;
  /** Those of members, whether they run now or not. */
  readonly #reserved: ReadonlySet<number>;
  readonly #held: Server[] = [];

  constructor(host: string, recorded: readonly RecordedPorts[]) {
    this.#host = host;
    this.#reserved = new Set(
      recorded.flatMap(({ clientPort, quorumPort, electionPort, adminPort = 0 }) => [
        clientPort,
        quorumPort,
        electionPort,
        adminPort,
      ]),
    );
  }

  /** Holds every port of the list; returns them with each 0 made a real port. */
  async take(ports: readonly number[], flag: string | null): Promise<number[]> {
    const taken: number[] = [];
    const actual: number[] = [];
    for (const port of ports) {
      const held = await this.hold(port);
      if (held === null) taken.push(port);
      else actual.push(held);
    }
    if (taken.length > 0) throw new PortsTaken(taken, flag);
    return actual;
  }

  /** Holds the first `count` free ports from `base` on. */
  async findFree(base: number, count: number, flag: string | null): Promise<number[]> {
    const chosen: number[] = [];
    const end = Math.min(base + PORT_SEARCH, PORT_MAX + 1);
    for (let port = base; port < end && chosen.length < count; port += 1) {
      if (this.#reserved.has(port) || (await this.hold(port)) === null) continue;
      chosen.push(port);
    }
    if (chosen.length < count) throw new PortsTaken([base], flag);
    return chosen;
  }

  /** Listens on a port to see that it is free; null when it is not, or may not be used. */
  async hold(port: number): Promise<number | null> {
    return new Promise((resolve) => {
      const server = createServer((socket) => socket.destroy());
      server.once("error", () => resolve(null));
      server.listen({ host: this.#host, port, exclusive: true }, () => {
        this.#held.push(server);
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  async release(): Promise<void> {
    const closing = this.#held.map((server) => {
      return new Promise<void>((resolve) => server.close(() => resolve()));
    });
    await Promise.all(closing);
  }
}
