/**
 * Members of many ensembles, each at an address of its own in 127.0.0.0/8, as pods have them: what
 * their admin servers answer an operator, and as much of ZooKeeper's client protocol as it takes to
 * read a configuration. No server is behind it, so that nothing but the operator is measured.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { EnsembleTarget } from "../src/operator/reconcile/member-access.ts";
import type { FakeMembers } from "../test/operator/reconcile/support/fake-members.ts";

/** Where the operator asks the members of a pod; neither can be chosen. */
const ADMIN_PORT = 8080;
const CLIENT_PORT = 2181;

/** Who is at an address. */
export interface Resident {
  readonly members: FakeMembers;
  readonly sid: number;
}

/** Operation codes and places in frames of ZooKeeper 3.9. */
const OpCode = { getData: 4, sync: 9 } as const;
const STAT_BYTES = 68;
const PASSWORD_BYTES = 16;

export class MemberAddresses {
  readonly #servers: Server[] = [];
  readonly #residentAt: (address: string) => Resident | null;

  constructor(residentAt: (address: string) => Resident | null) {
    this.#residentAt = residentAt;
  }

  /** Begins to answer at the address of a number, which it returns. */
  open(index: number): string {
    const address = `127.80.${index >> 8}.${index & 255}`;
    const admin = createHttpServer((_, response) => {
      void this.#stateOf(address).then((state) => {
        response.writeHead(state === null ? 503 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(state ?? {}));
      });
    });
    const client = createServer((socket) => this.#serve(socket, address));
    this.#servers.push(admin.listen(ADMIN_PORT, address), client.listen(CLIENT_PORT, address));
    return address;
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  async #stateOf(address: string): Promise<object | null> {
    const resident = this.#residentAt(address);
    if (resident === null) return null;
    const { members, sid } = resident;
    const target = { members: members.alive.map((one) => ({ sid: one, podIp: "" })) };
    const reports = await members.readReports(target as unknown as EnsembleTarget);
    const report = reports.get(sid);
    if (report === undefined) return null;
    const others = [...reports.keys()].filter((one) => one !== sid);
    return {
      server_id: sid,
      role: report.role === "none" ? "electing" : report.role,
      epoch: report.epoch,
      zxid: hex(report.zxid),
      config_version: hex(report.configVersion),
      ensemble_id: report.ensembleUid,
      disk_problem: report.diskProblem,
      learners: others.map((one) => ({ server_id: one, is_synced: true, lag: 0 })),
    };
  }

  #serve(socket: Socket, address: string): void {
    let rest: Buffer = Buffer.alloc(0);
    let isConnected = false;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const end = 4 + rest.readInt32BE(0);
        const frame = rest.subarray(4, end);
        rest = rest.subarray(end);
        socket.write(withLength(isConnected ? this.#answer(frame, address) : acceptance(frame)));
        isConnected = true;
      }
    });
  }

  #answer(frame: Buffer, address: string): Buffer {
    const header = Buffer.alloc(16);
    frame.copy(header, 0, 0, 4);
    const op = frame.readInt32BE(4);
    if (op === OpCode.sync) return Buffer.concat([header, withLength(Buffer.from("/"))]);
    if (op !== OpCode.getData) return header;
    const committed = this.#residentAt(address)?.members.committed;
    const lines = (committed?.voters ?? []).map((sid) => {
      return `server.${sid}=${address}:2888:3888:participant;${CLIENT_PORT}\n`;
    });
    const text = `${lines.join("")}version=${(committed?.version ?? 0n).toString(16)}`;
    return Buffer.concat([header, withLength(Buffer.from(text)), Buffer.alloc(STAT_BYTES)]);
  }
}

/** The answer to the first frame of a connection: a session with the time-out that was asked for. */
function acceptance(request: Buffer): Buffer {
  const body = Buffer.alloc(4 + 4 + 8);
  body.writeInt32BE(request.readInt32BE(12), 4);
  body.writeBigInt64BE(1n, 8);
  return Buffer.concat([body, withLength(Buffer.alloc(PASSWORD_BYTES)), Buffer.alloc(1)]);
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
