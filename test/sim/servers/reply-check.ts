/**
 * Compares what a server answered with what the model says it should have: nodes and lists of
 * children as of the zxid of the reply, and outcomes of writes.
 */
import {
  ErrorCode,
  formatHex,
  parseQuorumConfig,
  readMultiResponse,
  readStat,
  zxidCounter,
} from "../../../src/wire/index.ts";
import type { JuteReader, Stat } from "../../../src/wire/index.ts";
import { Violation } from "../violation.ts";
import { textOf } from "./model-members.ts";
import type { ModelMembers } from "./model-members.ts";
import type { ModelNode, ModelTree, OpOutcome, Outcome } from "./model-tree.ts";
import { showRequest } from "./request.ts";
import type { ReadRequest, WriteRequest } from "./request.ts";

/** A reply, its body not yet read. */
export interface Reply {
  readonly zxid: bigint;
  readonly err: number;
  readonly body: JuteReader;
}

/** @throws Violation */
export function checkRead(model: ModelTree, request: ReadRequest, reply: Reply): void {
  const { zxid, err, body } = reply;
  const node = model.at(request.path, zxid);
  const expectedErr = node === undefined ? ErrorCode.noNode : 0;
  if (err !== expectedErr) fail(request, reply, `err ${err}, expected ${expectedErr}`);
  if (node === undefined) return;
  if (request.kind === "data") {
    const data = body.readBuffer()?.toString() ?? "";
    if (data !== node.data) fail(request, reply, `'${data}', expected '${node.data}'`);
  } else if (request.kind === "children") {
    checkChildren(model, request, { reply, names: readNames(body), node });
  }
  checkStat(request, reply, readStat(body), node);
}

/** A read of the configuration in force, as of the zxid of the reply. @throws Violation */
export function checkConfigRead(members: ModelMembers, request: ReadRequest, reply: Reply): void {
  const { zxid, err, body } = reply;
  if (err !== 0) fail(request, reply, `err ${err}`);
  const text = body.readBuffer()?.toString() ?? "";
  const { version, roles } = members.at(zxid);
  // Which epoch gave the first one its name is in no transaction.
  const shown = version === 0n ? parseQuorumConfig(text).version : version;
  const isNamed = version !== 0n || zxidCounter(shown) === 0;
  const expected = textOf({ version: shown, roles });
  if (text !== expected || !isNamed) fail(request, reply, `'${text}', expected '${expected}'`);
}

/** @throws Violation */
export function checkWrite(request: WriteRequest, outcome: Outcome, reply: Reply): void {
  const { err, body } = reply;
  if (request.kind === "multi") {
    checkMulti(request, outcome, reply);
    return;
  }
  if (err !== outcome.err) fail(request, reply, `err ${err}, expected ${outcome.err}`);
  if (err !== 0) return;
  if (request.kind === "create") {
    const path = body.readRequiredString("path");
    if (path !== outcome.path) fail(request, reply, `'${path}', expected '${outcome.path}'`);
  }
  if (outcome.text !== undefined) {
    const text = body.readBuffer()?.toString();
    if (text !== outcome.text) fail(request, reply, `'${text}', expected '${outcome.text}'`);
  }
  if (outcome.node !== undefined) checkStat(request, reply, readStat(body), outcome.node);
}

function checkMulti(request: WriteRequest, outcome: Outcome, reply: Reply): void {
  if (outcome.err === ErrorCode.sessionExpired || outcome.err === ErrorCode.sessionMoved) return;
  const results = readMultiResponse(reply.body);
  const failed = results.find((result) => "err" in result && result.err !== 0);
  const err = failed !== undefined && "err" in failed ? failed.err : 0;
  if (err !== outcome.err) fail(request, reply, `err ${err}, expected ${outcome.err}`);
  for (const [index, expected] of (outcome.results ?? []).entries()) {
    const result = results[index];
    const problem = result === undefined ? "no result" : differenceOf(result, expected);
    if (problem !== undefined) fail(request, reply, `operation ${index}: ${problem}`);
  }
}

function differenceOf(result: object, expected: OpOutcome): string | undefined {
  if ("path" in result && result.path !== expected.path) return String(result.path);
  if (!("stat" in result) || expected.node === undefined) return undefined;
  return statDifference(result.stat as Stat, expected.node);
}

function checkChildren(
  model: ModelTree,
  request: ReadRequest,
  found: { readonly reply: Reply; readonly names: readonly string[]; readonly node: ModelNode },
): void {
  const { reply, node } = found;
  // ZooKeeper's own node is not part of the model.
  const names = found.names.filter((name) => request.path !== "/" || name !== "zookeeper");
  const expected = node.childCount - (found.names.length - names.length);
  if (names.length !== expected || new Set(names).size !== names.length) {
    fail(request, reply, `${names.length} children, expected ${expected}`);
  }
  const prefix = request.path === "/" ? "/" : `${request.path}/`;
  for (const name of names) {
    if (model.at(prefix + name, reply.zxid) === undefined) fail(request, reply, `child ${name}`);
  }
}

function checkStat(
  request: ReadRequest | WriteRequest,
  reply: Reply,
  stat: Stat,
  node: ModelNode,
): void {
  if ("path" in request && request.path === "/") return;
  const problem = statDifference(stat, node);
  if (problem !== undefined) fail(request, reply, problem);
}

function statDifference(stat: Stat, node: ModelNode): string | undefined {
  const expected: Partial<Stat> = {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    version: node.version,
    cversion: 2 * node.created - node.childCount,
    ephemeralOwner: node.owner,
    numChildren: node.childCount,
    dataLength: Buffer.byteLength(node.data),
  };
  for (const [field, value] of Object.entries(expected)) {
    const actual = stat[field as keyof Stat];
    if (actual !== value) return `${field} ${String(actual)}, expected ${String(value)}`;
  }
  return undefined;
}

function readNames(body: JuteReader): string[] {
  return Array.from({ length: body.readInt() }, () => body.readRequiredString("child"));
}

function fail(request: ReadRequest | WriteRequest, { zxid }: Reply, problem: string): never {
  const text = `${showRequest(request)} at ${formatHex(zxid)}: ${problem}`;
  throw new Violation("replies are what the history says", text);
}
