/** The face of `server/reconfig/`: who the members are, while that changes and across restarts. */
export { ConfigFiles } from "./config-files.ts";
export { withMembers } from "./effective-config.ts";
export { EnsembleView } from "./ensemble-view.ts";
export { bindEndpoint, formatEndpoint, listenHost } from "./own-endpoints.ts";
export { createReconfigGate } from "./reconfig-gate.ts";
export { chooseActive, findLastSeen, readState } from "./starting-configs.ts";
