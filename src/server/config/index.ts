/** The face of `server/config/`: a server's settings, from the text of its files. */
export { OPERATOR_DIGEST_ALGORITHM } from "./auth-settings.ts";
export type { AuthSettings } from "./auth-settings.ts";
export { ConfigError } from "./config-error.ts";
export { describeConfigKeys } from "./describe-config-keys.ts";
export { FOUR_LETTER_WORDS } from "./four-letter-words.ts";
export { CONFIG_KEYS, findConfigKey, suggestConfigKey } from "./config-keys.ts";
export type { LiveSettings } from "./live-settings.ts";
export { loadServerConfig, readTextFile } from "./load-server-config.ts";
export { WILDCARD_HOSTS } from "./membership.ts";
export type { MetricsConfig, MetricsProviderName } from "./metrics-config.ts";
export { parseProperties } from "./properties.ts";
export { parseServerConfig } from "./parse-server-config.ts";
export { quorumConfigOf } from "./quorum-config-of.ts";
export type { AdminConfig, ServerConfig } from "./server-config.ts";
export type { StoreSettings, TlsSettings } from "./tls-settings.ts";
