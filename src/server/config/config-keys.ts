/**
 * The table of configuration keys: every key of ZooKeeper 3.9's administrator's guide, and what
 * this server does with it. It drives parsing (kind, range, default), the warnings about unknown
 * and ineffective keys, and the documentation. A key is *used*; or it has *no effect* here, and a
 * server started with it says why; or it is *refused*, because starting without what it asks for
 * would be less safe than not starting. Names are those of the file; ZooKeeper's Java system
 * properties are the same with a `zookeeper.` prefix, which the parser accepts too.
 */
import { nearestName } from "../../base/index.ts";
import { ADMIN_KEYS, CLIENT_KEYS } from "./config-keys-client.ts";
import { SECURITY_KEYS } from "./config-keys-security.ts";
import type { ConfigKey } from "./config-key.ts";
import { LIMIT_KEYS } from "./config-keys-limits.ts";
import { OBSERVER_KEYS } from "./config-keys-observers.ts";
import { FOREIGN_KEYS, JVM_KEYS } from "./config-keys-foreign.ts";
import { DISK_KEYS, QUORUM_KEYS } from "./config-keys-server.ts";

/** The table in the parts that the documentation has. */
export const CONFIG_SECTIONS: readonly { title: string; keys: readonly ConfigKey[] }[] = [
  { title: "Clients", keys: CLIENT_KEYS },
  { title: "Throttles and limits", keys: LIMIT_KEYS },
  { title: "Disk", keys: DISK_KEYS },
  { title: "Quorum", keys: QUORUM_KEYS },
  { title: "Observers", keys: OBSERVER_KEYS },
  { title: "Authentication, access and encryption", keys: SECURITY_KEYS },
  { title: "Administration and observation", keys: ADMIN_KEYS },
  { title: "Details of the Java server", keys: JVM_KEYS },
  { title: "Settings of clients", keys: FOREIGN_KEYS },
];

/** Every known key. */
export const CONFIG_KEYS: readonly ConfigKey[] = CONFIG_SECTIONS.flatMap(({ keys }) => keys);

const keysByName = new Map<string, ConfigKey>();
const families: ConfigKey[] = [];
for (const key of CONFIG_KEYS) {
  if (key.name.endsWith(".*")) families.push(key);
  for (const name of [key.name, ...(key.aliases ?? [])]) keysByName.set(name, key);
}

/** The table's entry for a key as it stands in a file, or null when the key is unknown. */
export function findConfigKey(name: string): ConfigKey | null {
  const plain = name.startsWith("zookeeper.") ? name.slice("zookeeper.".length) : name;
  const exact = keysByName.get(plain) ?? keysByName.get(name);
  if (exact !== undefined) return exact;
  return families.find((family) => plain.startsWith(family.name.slice(0, -1))) ?? null;
}

/** The known key that an unknown one was probably meant to be, or null. */
export function suggestConfigKey(name: string): string | null {
  const plain = name.startsWith("zookeeper.") ? name.slice("zookeeper.".length) : name;
  return nearestName(
    plain,
    CONFIG_KEYS.filter((key) => !key.name.endsWith(".*")).map((key) => key.name),
  );
}
