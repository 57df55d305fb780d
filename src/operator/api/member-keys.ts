/**
 * Settings of `spec.config` that are not the user's alone: those that follow from what the operator
 * decides, and those that may be set, but not so that members refuse the operator: it asks them
 * over their admin servers and changes the membership as a client with a password. What a member
 * itself says about its settings is no part of this.
 */

/** Settings that cannot be set. */
const OPERATOR_KEYS: readonly string[] = [
  "admin.enableServer",
  "admin.serverAddress",
  "admin.serverPort",
  "clientPort",
  "clientPortAddress",
  "dataDir",
  "dataLogDir",
  "datadir.autocreate",
  "db.autocreate",
  "dynamicConfigFile",
  "ensemble.bootstrap",
  "ensemble.id",
  "ensemble.joiners",
  "ensemble.operatorDigest",
  "peerType",
  "quorumListenOnAllIPs",
  "standaloneEnabled",
];
const OPERATOR_KEY_PREFIXES: readonly string[] = ["server.", "group.", "weight."];

type Config = Readonly<Record<string, string>>;

/** A setting of which some values would lock the operator out. */
interface Door {
  readonly key: string;
  /** What it has to be, and why. */
  readonly expected: string;
  /** @param config - all settings, without ZooKeeper's prefix. */
  readonly isOpen: (value: string, config: Config) => boolean;
}

const DOORS: readonly Door[] = [
  {
    key: "reconfigEnabled",
    expected: "true, as the operator changes the members with it",
    isOpen: isYes,
  },
  {
    key: "DigestAuthenticationProvider.enabled",
    expected: "true, as the operator proves itself to members by the scheme digest",
    isOpen: isYes,
  },
  {
    key: "sessionRequireClientSASLAuth",
    expected: "false, as the operator is a client of members and has no SASL user",
    isOpen: (value) => !isYes(value),
  },
  {
    key: "enforce.auth.schemes",
    expected: "a list with digest, by which the operator proves itself to members",
    isOpen: (value, config) =>
      !isYes(config["enforce.auth.enabled"] ?? "false") ||
      value.split(",").some((scheme) => scheme.trim() === "digest"),
  },
  {
    key: "admin.commandURL",
    expected: "/commands, where the operator asks members how they are",
    isOpen: (value) => value === "/commands",
  },
];

/** What is wrong with settings as far as the operator goes: sentences that begin with the key. */
export function findKeyProblems(config: Config): string[] {
  const entries = Object.entries(config);
  const plain = Object.fromEntries(entries.map(([key, value]) => [withoutPrefix(key), value]));
  return entries.flatMap(([key, value]) => {
    if (isOperatorKey(withoutPrefix(key))) {
      return [`${key}: expected not to be set, as the operator sets it`];
    }
    const door = DOORS.find((candidate) => candidate.key === withoutPrefix(key));
    if (door === undefined || door.isOpen(value, plain)) return [];
    return [`${key}: expected ${door.expected}, found '${value}'`];
  });
}

function isOperatorKey(key: string): boolean {
  return (
    OPERATOR_KEYS.includes(key) || OPERATOR_KEY_PREFIXES.some((prefix) => key.startsWith(prefix))
  );
}

function withoutPrefix(key: string): string {
  return key.replace(/^zookeeper\./u, "");
}

/** As servers read it; what is neither yes nor no they refuse themselves. */
function isYes(value: string): boolean {
  return ["true", "yes"].includes(value.toLowerCase());
}
