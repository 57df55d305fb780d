/** The face of `server/tls/`: TLS for clients' connections. */
export { TlsAcceptor } from "./tls-acceptor.ts";
export type { TlsHandlers } from "./tls-acceptor.ts";
