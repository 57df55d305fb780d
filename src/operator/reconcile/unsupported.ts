/** What the resource can say and this operator cannot do yet: refused, and not left aside. */
import type { Ensemble } from "../api/index.ts";

/** A sentence for each thing that is asked for in vain. */
export function findUnsupported({ spec }: Ensemble): string[] {
  const { bootstrap, tls } = spec;
  const asked: readonly (readonly [string, boolean])[] = [
    ["spec.bootstrap.restore", bootstrap.restore !== undefined],
    ["spec.bootstrap.import", bootstrap.import !== undefined],
    ["spec.tls.client", tls.client !== undefined],
    ["spec.tls.quorum", tls.quorum !== undefined],
  ];
  return asked.filter(([, isAsked]) => isAsked).map(([field]) => `${field}: not supported yet`);
}
