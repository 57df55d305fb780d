/**
 * The ports of local members: which ones, and whether they are free. Client ports are what users
 * connect to, so they are consecutive from a base that the user knows, and a taken one is an
 * error. Ports between members are nobody's business: for a new ensemble the first free ones from
 * the base are taken. Once chosen, ports are kept, so that every start of an ensemble is alike;
 * but nothing depends on admin ports, so others are taken where those are not free.
 */
import { createServer } from "node:net";
import type { Server } from "node:net";
import { OperatorError } from "../operator-error.ts";

/** The ports of one member. */
export interface MemberPorts {
  readonly id: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  /** For commands and probes over HTTP; 0 for any. */
  readonly adminPort: number;
}

/** The ports of an earlier run, which may have been one without admin ports. */
export type RecordedPorts = Omit<MemberPorts, "adminPort"> & Partial<MemberPorts>;

/** Which ports are wanted. */
export interface PortChoice {
  readonly host: string;
  /** Number of members. */
  readonly replicas: number;
  /** The ports of the last run, by ascending id; empty for a new ensemble. */
  readonly recorded: readonly RecordedPorts[];
  /** First client port; 0 for any; null for the recorded ones or else 2181. */
  readonly clientPortBase: number | null;
  /** First port between members; 0 for any; null for the recorded ones or else from 28880. */
  readonly peerPortBase: number | null;
}

const CLIENT_PORT_BASE = 2181;
const PEER_PORT_BASE = 28880;
const ADMIN_PORT_BASE = 8080;
/** How far above the base free ports are looked for. */
const PORT_SEARCH = 1000;
const PORT_MAX = 65535;

/**
 * Chooses the ports of all members and makes sure that they are free right now.
 *
 * @throws OperatorError PORT_TAKEN with a line for each port that is not free.
 */
export async function choosePorts(choice: PortChoice): Promise<MemberPorts[]> {
  const { host, replicas } = choice;
  const held: Server[] = [];
  try {
    const clientPorts = await chooseClientPorts(choice, held);
    const peerPorts = await choosePeerPorts(choice, held);
    const adminPorts = await chooseAdminPorts(choice, held);
    return Array.from({ length: replicas }, (_, index) => ({
      id: index + 1,
      clientPort: clientPorts[index]!,
      quorumPort: peerPorts[2 * index]!,
      electionPort: peerPorts[2 * index + 1]!,
      adminPort: adminPorts[index] ?? 0,
    }));
  } catch (error) {
    if (!(error instanceof PortsTaken)) throw error;
    const problems = error.ports.map(
      (port) =>
        `Port ${String(port)} on ${host} is in use: stop what uses it, ` +
        `or choose other ports with ${error.flag}`,
    );
    throw new OperatorError("PORT_TAKEN", problems, error);
  } finally {
    await Promise.all(held.map(release));
  }
}

class PortsTaken extends Error {
  override readonly name = "PortsTaken";
  readonly ports: readonly number[];
  readonly flag: string;

  constructor(ports: readonly number[], flag: string) {
    super(`Ports in use: ${ports.join(", ")}`);
    this.ports = ports;
    this.flag = flag;
  }
}

async function chooseClientPorts(choice: PortChoice, held: Server[]): Promise<number[]> {
  const { recorded, replicas, clientPortBase } = choice;
  const isRecorded = clientPortBase === null && recorded.length === replicas;
  const wanted = isRecorded
    ? recorded.map(({ clientPort }) => clientPort)
    : consecutive(clientPortBase ?? CLIENT_PORT_BASE, replicas, "--client-port-base");
  return holdAll(wanted, { host: choice.host, held, flag: "--client-port-base" });
}

async function choosePeerPorts(choice: PortChoice, held: Server[]): Promise<number[]> {
  const { host, recorded, replicas, peerPortBase } = choice;
  const holding = { host, held, flag: "--peer-port-base" };
  if (peerPortBase !== null) {
    return holdAll(consecutive(peerPortBase, 2 * replicas, "--peer-port-base"), holding);
  }
  if (recorded.length === replicas) {
    const ports = recorded.flatMap(({ quorumPort, electionPort }) => [quorumPort, electionPort]);
    return holdAll(ports, holding);
  }
  const chosen = await holdFree(PEER_PORT_BASE, 2 * replicas, { host, held });
  if (chosen.length < 2 * replicas) throw new PortsTaken([PEER_PORT_BASE], "--peer-port-base");
  return chosen;
}

/** The recorded ones if all of them are free, or else the first free ones. */
async function chooseAdminPorts(choice: PortChoice, held: Server[]): Promise<number[]> {
  const { host, recorded, replicas } = choice;
  const wanted = recorded.flatMap(({ adminPort }) => adminPort ?? []);
  if (wanted.length === replicas) {
    const servers = await Promise.all(wanted.map((port) => hold(host, port)));
    held.push(...servers.filter((server) => server !== null));
    if (!servers.includes(null)) return wanted;
  }
  return holdFree(ADMIN_PORT_BASE, replicas, { host, held });
}

/** Holds the first `count` free ports from `base` on, or as many as there are. */
async function holdFree(
  base: number,
  count: number,
  { host, held }: Pick<Holding, "host" | "held">,
): Promise<number[]> {
  const chosen: number[] = [];
  for (let port = base; port < base + PORT_SEARCH && chosen.length < count; port += 1) {
    const server = await hold(host, port);
    if (server === null) continue;
    held.push(server);
    chosen.push(port);
  }
  return chosen;
}

/** `count` ports from `base`; all 0, which is any port, when the base is 0. */
function consecutive(base: number, count: number, flag: string): number[] {
  if (base + count - 1 > PORT_MAX) {
    const problem = `${flag}: expected room for ${String(count)} ports up to 65535`;
    throw new OperatorError("PORT_TAKEN", `${problem}, found ${String(base)}`);
  }
  return Array.from({ length: count }, (_, index) => (base === 0 ? 0 : base + index));
}

interface Holding {
  readonly host: string;
  readonly held: Server[];
  readonly flag: string;
}

/** Holds every port of the list at the same time; returns them with each 0 made a real port. */
async function holdAll(ports: readonly number[], holding: Holding): Promise<number[]> {
  const taken: number[] = [];
  const actual: number[] = [];
  for (const port of ports) {
    const server = await hold(holding.host, port);
    if (server === null) {
      taken.push(port);
      continue;
    }
    holding.held.push(server);
    const address = server.address();
    actual.push(typeof address === "object" && address !== null ? address.port : port);
  }
  if (taken.length > 0) throw new PortsTaken(taken, holding.flag);
  return actual;
}

/** Listens on a port to see that it is free; null when it is not, or may not be used. */
async function hold(host: string, port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(null));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

async function release(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
