/** The face of `server/auth/`: who a client is, and whether it may come in. */
export { ClientAuthenticator } from "./client-authenticator.ts";
export { addressId, digestIds } from "./identities.ts";
export type { Identity } from "./client-authenticator.ts";
