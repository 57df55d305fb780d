/**
 * The ConfigMap that pods have mounted, from which `ensemble member` makes the configuration of
 * its server:
 *
 *     zoo.cfg   the settings of all members, without a list of members
 *     members   their lines `server.N=…`: where a member finds the others that is new, or has lost
 *               its volume. The list that a volume holds is newer, and counts where there is one.
 *     founders  only while the ensemble forms: the ids of those that may begin it
 */
import type { Ensemble } from "../api/ensemble.ts";
import { mergeSettings, renderSettings } from "../member-settings.ts";
import { MEMBER_PORTS, buildChild } from "./child.ts";
import type { KubeObject, Owner } from "./child.ts";
import { hashText } from "./hash-text.ts";
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
  /** Stands for the text: members whose pods have another one have to be restarted. */
  readonly hash: string;
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
  return { text, hash: hashText(text) };
}

const PROMETHEUS = "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider";

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
}

/** The ConfigMap. */
export function buildConfigMap(
  owner: Owner,
  { settings, members, importedLines, founders }: ConfigMapOptions,
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
      },
    },
  });
}

/** The ConfigMap's name, for pods to mount it. */
export function configMapName({ metadata }: Ensemble): string {
  return `${metadata.name}-config`;
}
