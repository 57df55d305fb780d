/** What the resource can say and this operator cannot do (yet): refused, and not left aside. */
import type { Ensemble } from "../api/index.ts";
import { hasRoom } from "../plan/import.ts";
import { readRecord } from "./record.ts";

/** A sentence for each thing that is asked for in vain. */
export function findUnsupported(ensemble: Ensemble): string[] {
  const { bootstrap, tls } = ensemble.spec;
  const asked: readonly (readonly [string, boolean])[] = [
    ["spec.bootstrap.restore", bootstrap.restore !== undefined],
    ["spec.tls.client", tls.client !== undefined],
    ["spec.tls.quorum", tls.quorum !== undefined],
  ];
  const fields = asked.filter(([, isAsked]) => isAsked).map(([field]) => field);
  return [...fields.map((field) => `${field}: not supported yet`), ...findImportProblems(ensemble)];
}

function findImportProblems(ensemble: Ensemble): string[] {
  const { bootstrap, config, replicas } = ensemble.spec;
  if (bootstrap.import === undefined) return [];
  const problems: string[] = [];
  const { phase, firstSid } = readRecord(ensemble);
  if (!hasRoom(firstSid, replicas)) {
    problems.push(`spec.replicas: expected at most ${String(100 - firstSid)}, as ids end at 99`);
  }
  // Its operations are written to the log, which ZooKeeper's servers could not read.
  const key = "ensemble.clickhouse";
  const value = config[key] ?? config[`zookeeper.${key}`] ?? "false";
  if (phase !== "Running" && value.trim().toLowerCase() !== "false") {
    problems.push(`spec.config.${key}: expected not to be set before the old servers may go`);
  }
  return problems;
}
