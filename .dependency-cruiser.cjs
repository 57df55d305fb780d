// The arrows between folders: which part of src/ may import which, as data, and the rules made of it.
// `npm run check:arrows` holds the code to it. Type-only imports count as well.

/** Each folder of src/, and the folders that it may import besides itself. */
const LAYERS = {
  base: [],
  observe: ["base"],
  wire: ["base", "observe"],
  tree: ["base", "observe", "wire"],
  zab: ["base", "observe", "wire"],
  storage: ["base", "observe", "wire"],
  client: ["base", "observe", "wire"],
  server: ["base", "observe", "wire", "tree", "zab", "storage"],
  backup: ["base", "observe", "wire", "tree", "storage", "client"],
  operator: ["base", "observe", "client", "backup"],
  console: ["base", "observe", "client"],
  // The command line and the composition roots put everything together; nothing imports main.
  cli: "all but main",
  main: "all",
};

/** Files that are synchronous functions of their input: no Node modules, no packages. */
const PURE =
  "^src/((base|observe|wire|tree|zab)/|client/session[.]ts|storage/[^/]*-format[.]ts|operator/(desired|plan)/)";

/** Files that may touch sockets, files and processes. */
const SHELL =
  "^src/(storage|server|backup|console|cli|main)/|^src/client/transport|^src/operator/(kube|local|members)/";

/** Node's modules that reach outside the process. */
const IO =
  "^(node:)?(child_process|cluster|dgram|dns|fs|http|http2|https|net|tls|worker_threads)(/|$)";

const names = Object.keys(LAYERS);

/** The folders that a folder must not import. */
function forbiddenTo(name) {
  const allowed = LAYERS[name];
  if (allowed === "all") return [];
  if (allowed === "all but main") return ["main"];
  return names.filter((other) => other !== name && !allowed.includes(other));
}

const layerRules = names
  .filter((name) => forbiddenTo(name).length > 0)
  .map((name) => ({
    name: `layers-${name}`,
    comment: `${name} may import: ${[].concat(LAYERS[name]).join(", ") || "nothing"}`,
    severity: "error",
    from: { path: `^src/${name}/` },
    to: { path: `^src/(${forbiddenTo(name).join("|")})/` },
  }));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: "unknown-folder",
      comment: "Every file of src/ lies in a folder of the layer map: add a new folder there first",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: `^src/(${names.join("|")})/` },
    },
    {
      name: "through-the-index",
      comment: "Import another folder through its index.ts; a configuration takes no server",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/[^/]+/", pathNot: ["^src/$1/", "^src/([^/]+|server/config)/index[.]ts$"] },
    },
    {
      name: "no-cycles",
      comment: "Two files that import each other are one file, or three",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "src-stands-alone",
      comment: "The product never imports its tests, its bench or its tooling",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|[.]ci)/|[.]config[.]ts$" },
    },
    {
      name: "pure-ring",
      comment: "The pure ring imports neither Node's modules nor packages",
      severity: "error",
      from: { path: PURE },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg"] },
    },
    {
      name: "io-in-the-shell",
      comment: "Only the shell touches sockets, files and processes",
      severity: "error",
      from: { path: "^src/", pathNot: SHELL },
      to: { path: IO },
    },
    {
      name: "processes-in-local",
      comment: "Only operator/local starts processes",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/operator/local/" },
      to: { path: "^(node:)?child_process$" },
    },
    {
      name: "no-development-packages",
      comment: "A package that the product imports belongs to 'dependencies'",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "resolvable",
      comment: "The import leads nowhere",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { conditionNames: ["import", "node", "types", "default"] },
  },
};
