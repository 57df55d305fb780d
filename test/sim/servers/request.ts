/** The requests that simulated clients make, as the model and the wire need them. */
import {
  CreateMode,
  JuteWriter,
  OpCode,
  openAcl,
  writeCreateRequest,
  writeMultiRequest,
  writePathVersionRequest,
  writeReconfigRequest,
  writeSetDataRequest,
} from "../../../src/wire/index.ts";
import type { CreateRequest, MultiOp, ServerRole } from "../../../src/wire/index.ts";
import { memberLine } from "./config-files.ts";

export interface CreateOp {
  readonly kind: "create";
  readonly path: string;
  readonly data: string;
  readonly isEphemeral: boolean;
  readonly isSequential: boolean;
}

/** An operation on one node; version -1 matches any. */
export type NodeOp =
  | CreateOp
  | { readonly kind: "delete"; readonly path: string; readonly version: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number }
  | {
      readonly kind: "set";
      readonly path: string;
      readonly data: string;
      readonly version: number;
    };

/** The roles of servers, by their ids. */
export type Roles = ReadonlyMap<bigint, ServerRole>;

/** A request for other members. */
export interface MemberRequest {
  readonly kind: "reconfig";
  /** Who comes, or gets another role, and who goes. */
  readonly joining: Roles;
  readonly leaving: readonly bigint[];
  /** All members of the next configuration; `joining` and `leaving` are empty then. */
  readonly all: Roles | undefined;
  /** Version of the configuration to be replaced; -1 matches any. */
  readonly fromVersion: bigint;
}

/** What becomes a transaction. */
export type WriteRequest =
  | NodeOp
  | MemberRequest
  | { readonly kind: "multi"; readonly ops: readonly NodeOp[] }
  | { readonly kind: "close" };

export type ReadKind = "exists" | "data" | "children";

export interface ReadRequest {
  readonly kind: ReadKind;
  readonly path: string;
  readonly watch: boolean;
}

const opCodes = {
  create: OpCode.create2,
  delete: OpCode.delete,
  check: OpCode.check,
  set: OpCode.setData,
  multi: OpCode.multi,
  reconfig: OpCode.reconfig,
  close: OpCode.closeSession,
  exists: OpCode.exists,
  data: OpCode.getData,
  children: OpCode.getChildren2,
} as const;

export function opCodeOf(kind: keyof typeof opCodes): number {
  return opCodes[kind];
}

export function encodeWriteBody(request: WriteRequest): Buffer {
  const writer = new JuteWriter(128);
  switch (request.kind) {
    case "close":
      break;
    case "multi":
      writeMultiRequest(writer, request.ops.map(multiOp));
      break;
    case "create":
      writeCreateRequest(writer, createRequest(request));
      break;
    case "set":
      writeSetDataRequest(writer, { ...request, data: Buffer.from(request.data) });
      break;
    case "delete":
    case "check":
      writePathVersionRequest(writer, request);
      break;
    case "reconfig": {
      const { joining, leaving, all, fromVersion } = request;
      writeReconfigRequest(writer, {
        joining: linesOf(joining).join(","),
        leaving: leaving.join(","),
        newMembers: all === undefined ? null : linesOf(all).join("\n"),
        fromVersion,
      });
      break;
    }
  }
  return writer.take();
}

export function showRequest(request: WriteRequest | ReadRequest): string {
  if (request.kind === "multi") return `multi(${request.ops.map(showRequest).join(", ")})`;
  if (request.kind === "close") return "close";
  if (request.kind === "reconfig") {
    const { joining, leaving, all, fromVersion } = request;
    const joins = linesOf(all ?? joining).join(" ");
    return `reconfig from ${fromVersion.toString(16)}: +${joins} -${leaving.join(" ")}`;
  }
  const version = "version" in request ? ` v${request.version}` : "";
  return `${request.kind} ${request.path}${version}`;
}

function linesOf(roles: Roles): string[] {
  return [...roles].map(([sid, role]) => memberLine(sid, role));
}

function multiOp(op: NodeOp): MultiOp {
  switch (op.kind) {
    case "create":
      return { type: OpCode.create2, request: createRequest(op) };
    case "delete":
      return { type: OpCode.delete, request: op };
    case "check":
      return { type: OpCode.check, request: op };
    case "set":
      return { type: OpCode.setData, request: { ...op, data: Buffer.from(op.data) } };
  }
}

function createRequest(op: CreateOp): CreateRequest {
  const flags =
    (op.isEphemeral ? CreateMode.ephemeral : 0) |
    (op.isSequential ? CreateMode.persistentSequential : 0);
  return { path: op.path, data: Buffer.from(op.data), acl: openAcl, flags, ttlMs: undefined };
}
