/**
 * The ConfigMap that pods have mounted, from which `ensemble member` makes the configuration of
 * its server:
 *
 *     zoo.cfg   the settings of all members, without a list of members
 *     members   their lines `server.N=…`: where a member finds the others that is new, or has lost
 *               its volume. The list that a volume holds is newer, and counts where there is one.
 *     founders  only while the ensemble forms: the ids of those that may begin it
 *     recovery  once the ensemble was recovered from the loss of its quorum: what volumes that
 *               are of before are good for
 */
import { hashText } from "../../base/index.ts";
import type { Ensemble } from "../api/ensemble.ts";
import { formatZxid } from "../format-zxid.ts";
import { mergeSettings, renderSettings, withoutLiveSettings } from "../member-settings.ts";
import { MEMBER_PORTS, buildChild } from "./child.ts";
import type { KubeObject, Owner } from "./child.ts";
import { serverLine } from "./member-names.ts";
import type { MemberRole } from "./member-names.ts";
import { DATA_FOLDER, LOG_FOLDER } from "./pod-template.ts";

/** What members are told about their ensemble and its operator. */
export interface EnsembleIdentity {
  /** `status.ensembleUid`: the identity that every volume must have. */
  readonly ensembleUid: string;
  /** Proves the operator to servers: `ensemble.operatorDigest`. */
  readonly operatorDigest: string;
}

/** The settings of all members. */
export interface MemberSettings {
  /** The text of a `zoo.cfg` that lists no members. */
  readonly text: string;
  /** Stands for the text, as members say which one they were given. */
  readonly digest: string;
  /** Stands for what takes a restart: pods that have another one have to be replaced. */
  readonly restartHash: string;
}

/** Renders the settings; their order in the spec makes no difference. */
export function renderMemberSettings(
  ensemble: Ensemble,
  { ensembleUid, operatorDigest }: EnsembleIdentity,
): MemberSettings {
  const { config, storage } = ensemble.spec;
  const everywhere = "0.0.0.0";
  const settings = mergeSettings(
    { "metricsProvider.className": PROMETHEUS, ...config },
    {
      "admin.enableServer": "true",
      "admin.serverAddress": everywhere,
      "admin.serverPort": String(MEMBER_PORTS.admin),
      dataDir: DATA_FOLDER,
      ...(storage.logVolume === undefined ? {} : { dataLogDir: LOG_FOLDER }),
      "ensemble.bootstrap": "explicit",
      "ensemble.id": ensembleUid,
      "ensemble.operatorDigest": operatorDigest,
      "metricsProvider.httpHost": everywhere,
      "metricsProvider.httpPort": String(MEMBER_PORTS.metrics),
      // A pod's own name may not resolve yet when its server starts.
      quorumListenOnAllIPs: "true",
      reconfigEnabled: "true",
      standaloneEnabled: "false",
    },
  );
  const lines = renderSettings(settings).sort();
  const text = ["# Made by the operator from spec.config.", ...lines, ""].join("\n");
  const restartHash = hashText(withoutLiveSettings(text));
  return { text, digest: hashText(text), restartHash };
}

const PROMETHEUS = "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider";

/**
 * What members obey whose pods were made for a recovery: a volume with the identity `lostUid`
 * begins empty, but for that of the survivor until the survivor serves.
 */
export interface RecoveryOrder {
  readonly lostUid: string;
  /** Whose volume goes on with the identity of the settings; null once it has. */
  readonly survivor: {
    readonly sid: number;
    /** Its last transaction: a volume with less is not the one that was meant. */
    readonly zxid: bigint;
  } | null;
}

/** What the ConfigMap is made of. */
export interface ConfigMapOptions {
  readonly settings: MemberSettings;
  /**
   * Roles by id: those of the committed membership, and `observer` for members that are not in it
   * yet; while the ensemble forms, the founders as participants.
   */
  readonly members: ReadonlyMap<number, MemberRole>;
  /** Lines of servers of another ensemble that are members too, while it is imported. */
  readonly importedLines: readonly string[];
  /** Who may begin the ensemble with an empty volume; null unless it is forming. */
  readonly founders: readonly number[] | null;
  /** Null unless the ensemble was ever recovered. */
  readonly recovery: RecoveryOrder | null;
}

/** The ConfigMap. */
export function buildConfigMap(
  owner: Owner,
  { settings, members, importedLines, founders, recovery }: ConfigMapOptions,
): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  const { ensemble } = owner;
  const lines = [...members]
    .sort(([left], [right]) => left - right)
    .map(([id, role]) => `${serverLine(ensemble, id, role)}\n`);
  return buildChild(owner, {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: configMapName(ensemble),
    content: {
      data: {
        "zoo.cfg": settings.text,
        members: [...importedLines.map((line) => `${line}\n`), ...lines].join(""),
        ...(founders === null ? {} : { founders: founders.join(",") }),
        ...(recovery === null ? {} : { recovery: formatRecoveryOrder(recovery) }),
      },
    },
  });
}

/** The order as members read it. */
function formatRecoveryOrder({ survivor, lostUid }: RecoveryOrder): string {
  const lines = [`lostUid=${lostUid}`];
  if (survivor !== null) {
    lines.push(`survivor=${String(survivor.sid)}`, `zxid=${formatZxid(survivor.zxid)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** The order in a text that `formatRecoveryOrder()` has written; null for any other text. */
export function parseRecoveryOrder(text: string): RecoveryOrder | null {
  const pattern = /^lostUid=(\S{1,64})\n(?:survivor=(\d{1,3})\nzxid=(0x[0-9a-f]{1,16})\n)?$/u;
  const parts = pattern.exec(text);
  if (parts === null) return null;
  const [, lostUid = "", sid, zxid] = parts;
  const isOver = sid === undefined || zxid === undefined;
  return { lostUid, survivor: isOver ? null : { sid: Number(sid), zxid: BigInt(zxid) } };
}

/** The ConfigMap's name, for pods to mount it. */
export function configMapName({ metadata }: Ensemble): string {
  return `${metadata.name}-config`;
}
