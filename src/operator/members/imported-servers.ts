/**
 * Servers of another ensemble, ZooKeeper's most of the time, that members are to join: whether they
 * can be joined, and how they are while they are. They have no admin server that would have to
 * answer; a client session and `srvr` say enough. Nothing is changed by asking.
 */
import { EnsembleClient, ZkError, parseConnectString } from "../../client/index.ts";
import type { ImportReading, ImportedServer } from "../plan/ensemble-observed.ts";
import type { ImportSource } from "../reconcile/member-access.ts";
import { askSrvr, modeOf } from "./srvr.ts";
import type { MemberState } from "./member-state.ts";

const ASK_TIMEOUT_MS = 3_000;
const SESSION_TIMEOUT_MS = 10_000;

/** No node and no configuration is of these versions: what names them is refused, if it may be. */
const NO_NODE_VERSION = 0x7fffffff;
const NO_CONFIG_VERSION = 0x7fffffffffffffffn;
/** What is asked to leave in vain. */
const NO_SID = 0x7fffffffn;

const CONFIG_NODE = "/zookeeper/config";
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);

type Problem = Extract<ImportReading, { readonly kind: "problem" }>;

interface Session {
  readonly address: string;
  readonly client: EnsembleClient;
}

/** What a server says of itself; null when it serves nobody, or does not answer in time. */
export async function askImportedServer({
  sid,
  address,
}: Pick<ImportedServer, "sid" | "address">): Promise<MemberState | null> {
  const [server] = parseConnectString(address).servers;
  if (server === undefined) return null;
  const reply = await askSrvr({ ...server, timeoutMs: ASK_TIMEOUT_MS });
  const role = modeOf(reply);
  const zxidText = /^Zxid: (0x[0-9a-f]{1,16})$/mu.exec(reply)?.[1];
  if (role === "" || zxidText === undefined) return null;
  const zxid = BigInt(zxidText);
  const unknown = {
    configVersion: 0n,
    voters: null,
    ensembleUid: null,
    diskProblem: null,
    learnerLags: null,
  };
  return { sid, role, zxid, epoch: Number(zxid >> 32n), ...unknown };
}

/** Finds out whether an ensemble can be joined as it is; not when `signal` aborts. */
export async function readImport(
  { servers, credentials }: ImportSource,
  signal: AbortSignal,
): Promise<ImportReading> {
  const opened = await Promise.all(servers.map((address) => openSession(address, credentials)));
  const sessions = opened.filter((one): one is Session => "client" in one);
  try {
    const failed = opened.find((one) => "kind" in one);
    return failed ?? (await readMembers(sessions, signal));
  } catch (error) {
    if (error instanceof ZkError) {
      return problem("ServersUnreachable", `The old servers do not serve: ${error.message}`);
    }
    if (!signal.aborted) throw error;
    return problem("ServersUnreachable", "The old servers do not answer in time");
  } finally {
    await Promise.all(sessions.map(({ client }) => client.close().catch(() => undefined)));
  }
}

async function openSession(
  address: string,
  credentials: string | null,
): Promise<Session | Problem> {
  try {
    if ((await askImportedServer({ sid: 0, address })) === null) {
      return problem("ServersUnreachable", `${address} does not serve, or does not answer 'srvr'`);
    }
    const client = await EnsembleClient.connect(address, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      firstConnectTimeoutMs: ASK_TIMEOUT_MS,
      connectTimeoutMs: ASK_TIMEOUT_MS,
      auth: credentials === null ? [] : [{ scheme: "digest", auth: credentials }],
    });
    return { address, client };
  } catch (error) {
    if (!(error instanceof ZkError)) throw error;
    return problem("ServersUnreachable", `${address} accepts no session: ${error.message}`);
  }
}

async function readMembers(
  sessions: readonly Session[],
  signal: AbortSignal,
): Promise<ImportReading> {
  const [first] = sessions;
  if (first === undefined) return problem("ServersUnreachable", "No old server is named");
  const { client } = first;
  await client.sync("/", { signal });
  const lines = (await client.getConfig({ signal })).text.split("\n");
  if (lines.some((line) => line.startsWith("group."))) {
    return problem("NotAnEnsemble", "The quorums of the old servers have groups and weights");
  }
  const found: ImportedServer[] = [];
  for (const line of lines) {
    const sid = /^server\.(\d{1,15})=/u.exec(line)?.[1];
    if (sid === undefined) continue;
    const server = identify(Number(sid), line, sessions);
    if ("kind" in server) return server;
    found.push(server);
  }
  if (found.length === 0) {
    return problem("NotAnEnsemble", `${first.address} is a standalone server`);
  }
  found.sort((left, right) => left.sid - right.sid);
  const refusal = await findRefusal(client, signal);
  return refusal ?? { kind: "servers", servers: found };
}

/** The highest byte of a session's id is the id of the server that made it. */
function identify(
  sid: number,
  line: string,
  sessions: readonly Session[],
): ImportedServer | Problem {
  const session = sessions.find(({ client }) => {
    return BigInt.asUintN(8, client.sessionId >> 56n) === BigInt.asUintN(8, BigInt(sid));
  });
  if (session === undefined) {
    return problem("ServersUnlisted", `No client address is listed for ${line}`);
  }
  if (hostsOf(line).some((host) => WILDCARDS.has(host))) {
    return problem("AddressesUnusable", `Nobody can find a server by ${line}`);
  }
  return { sid, address: session.address, line };
}

/** Where others find a server, which may be several addresses; not where clients do. */
function hostsOf(line: string): string[] {
  const [peers = ""] = line.slice(line.indexOf("=") + 1).split(";");
  return peers.split("|").map((peer) => {
    const [, bracketed, plain = ""] = /^(?:\[([^\]]*)\]|([^:]*)):/u.exec(peer.trim()) ?? [];
    return bracketed ?? plain;
  });
}

/**
 * Asks for two changes that cannot be, as they are for versions that are not: servers say first
 * whether such a change is allowed at all.
 */
async function findRefusal(client: EnsembleClient, signal: AbortSignal): Promise<Problem | null> {
  const change = client.reconfigure(
    { remove: [NO_SID] },
    { fromVersion: NO_CONFIG_VERSION, signal },
  );
  switch (await codeOf(change)) {
    case "reconfigDisabled":
      return problem("ReconfigDisabled", "The old servers run without reconfigEnabled=true");
    case "unimplemented":
      return problem("NotAnEnsemble", "The old server is a standalone one");
    default:
  }
  const write = client.setData(CONFIG_NODE, "", NO_NODE_VERSION, { signal });
  if ((await codeOf(write)) !== "noAuth") return null;
  return problem("NotAllowed", "The old servers let this user change no membership");
}

/** @throws ZkError when there is no answer. */
async function codeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "ok";
  } catch (error) {
    if (error instanceof ZkError && !error.retriable) return error.code;
    throw error;
  }
}

function problem(reason: Problem["reason"], message: string): Problem {
  return { kind: "problem", reason, message };
}
