/**
 * How much of a cluster this run of the suite has, from ENSEMBLE_CLUSTER:
 *   node       (default) a cluster that runs pods, with the images of this checkout; needs root
 *   api        the API server and the controllers only
 *   running    the cluster that is up already, left as it is; for work on the tests themselves
 *   none       nothing: every test is skipped
 */
export const WHICH_CLUSTER = process.env["ENSEMBLE_CLUSTER"] ?? "node";

export const HAS_API = WHICH_CLUSTER !== "none";

export const HAS_PODS = WHICH_CLUSTER === "node" || WHICH_CLUSTER === "running";
