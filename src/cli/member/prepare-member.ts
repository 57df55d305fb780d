/**
 * Makes the configuration of a member's server from the folder that the operator writes, which is
 * read only (`src/operator/desired/member-config.ts` says what is in it), and from its volume:
 *
 *     <dataDir>/myid        the id, which the pod's name gives
 *     <dataDir>/zoo.cfg     the settings, and the lines of all members, written at each start
 *     <dataDir>/initialize  only for the first start of a founder while the ensemble forms
 *
 * Who the members are is known best by the volume, once a server has used it: they may have
 * changed since the operator wrote, and it is they who have to agree. A member that is not among
 * them lists itself as an observer, as everybody does who is to be admitted later.
 */
import path from "node:path";
import { ConfigError } from "../../server/config/index.ts";
import { Folder, nodeFiles, peekFolders } from "../../storage/index.ts";
import { QuorumConfigError, formatQuorumConfig, parseQuorumConfig } from "../../wire/index.ts";
import type { QuorumConfig, ServerSpec } from "../../wire/index.ts";
import { openMounted, parseMembers, readRequired, readSettings } from "./mounted.ts";
import { TEXT_BYTES_MAX } from "./mounted.ts";

/** A server that can be started. */
export interface PreparedMember {
  /** Its configuration file. */
  readonly file: string;
  /** The text of the operator's settings in it. */
  readonly settings: string;
  /** Whether it may begin an ensemble. */
  readonly isFounding: boolean;
}

/**
 * Writes the files of member `id`.
 *
 * @param configFolder - what the operator writes.
 * @throws ConfigError for what cannot be used, StorageError for files that cannot be accessed.
 */
export async function prepareMember(configFolder: string, id: number): Promise<PreparedMember> {
  const mounted = openMounted(configFolder);
  const { text: settings, ...folders } = await readSettings(mounted);
  const data = new Folder(nodeFiles, path.resolve(folders.dataDir));
  await refuseMissing(data);
  const { isUnused, activeConfig } = await peekFolders(folders);
  const listed = parseMembers(await readRequired(mounted, "members"), mounted.fileOf("members"));
  const members = withItself(committedMembers(activeConfig) ?? listed, listed, {
    id: BigInt(id),
    file: mounted.fileOf("members"),
  });
  const founders = await mounted.readText("founders", TEXT_BYTES_MAX);
  const isFounding = isUnused && founders !== null && readIds(founders).has(id);
  await data.replaceText("myid", `${String(id)}\n`);
  const lines = formatQuorumConfig({ ...members, version: 0n })
    .split("\n")
    .slice(0, -1);
  await data.replaceText("zoo.cfg", [settings.trimEnd(), ...lines, ""].join("\n"));
  // One that a start left behind which came to nothing must not found anything later.
  if (isFounding) await data.replaceText("initialize", "");
  else await data.removeInOrder(["initialize"]);
  return { file: data.fileOf("zoo.cfg"), settings, isFounding };
}

/** A volume that is not mounted must not be taken for one that is empty. */
async function refuseMissing(data: Folder): Promise<void> {
  if (await nodeFiles.exists(data.path)) return;
  throw new ConfigError({ file: data.path, expected: "a folder: is the volume mounted?" });
}

/** What the volume knows; null when that is nothing, or the server is to say what is wrong. */
function committedMembers(text: string | null): QuorumConfig | null {
  if (text === null) return null;
  try {
    return parseQuorumConfig(text);
  } catch (error) {
    if (error instanceof QuorumConfigError) return null;
    throw error;
  }
}

/** The members and, if it is not one of them, the server itself without a vote. */
function withItself(
  members: QuorumConfig,
  listed: QuorumConfig,
  { id, file }: { readonly id: bigint; readonly file: string },
): QuorumConfig {
  if (members.servers.has(id)) return members;
  const own = listed.servers.get(id);
  if (own === undefined) {
    throw new ConfigError({ file, expected: `a line server.${String(id)} for this member` });
  }
  const observer: ServerSpec = { ...own, role: "observer" };
  return { ...members, servers: new Map([...members.servers, [id, observer]]) };
}

function readIds(text: string): Set<number> {
  return new Set(text.split(",").map((part) => Number(part.trim())));
}
