/**
 * Turns accepted sockets into TLS ones: handshake, client certificate, and who it says the client
 * is. Sockets that fail are closed here and never heard of by the rest of the server. It does not
 * listen: who accepts connections, and counts them, hands them over.
 */
import { constants } from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { reverse } from "node:dns/promises";
import type { Socket } from "node:net";
import { createServer } from "node:tls";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import type { RateLimitedLog } from "../limits/index.ts";
import type { TlsSettings } from "../config/index.ts";
import { readKeyStore, readTrustStore } from "./store.ts";
import { subjectName } from "./subject-name.ts";

/** What becomes of the sockets. */
export interface TlsHandlers {
  /**
   * Takes a socket whose handshake is done.
   *
   * @param subject - of the client's certificate, verified; null without one.
   */
  secured(socket: TLSSocket, subject: string | null): void;
  /** A client failed, and its socket is being closed. */
  refused(): void;
}

export class TlsAcceptor {
  readonly #settings: TlsSettings;
  readonly #log: RateLimitedLog;
  readonly #handlers: TlsHandlers;
  /** Never listens; it runs the handshakes. */
  readonly #server: Server;

  /** @throws ConfigError when a store cannot be used. */
  constructor(settings: TlsSettings, log: RateLimitedLog, handlers: TlsHandlers) {
    this.#settings = settings;
    this.#log = log;
    this.#handlers = handlers;
    this.#server = createServer(tlsOptions(settings), (socket) => {
      void this.#verify(socket);
    });
    this.#server.on("tlsClientError", (error, socket) => {
      const reason = socket.authorizationError ?? error;
      this.#refuse(socket, typeof reason === "string" ? reason : reason.message);
    });
  }

  /** Begins the handshake; bytes that were read already have to be put back with `unshift`. */
  readonly accept = (socket: Socket): void => {
    this.#server.emit("connection", socket);
  };

  async #verify(socket: TLSSocket): Promise<void> {
    // Until somebody takes the socket, its errors have to go somewhere.
    socket.on("error", () => undefined);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      this.#handlers.secured(socket, null);
      return;
    }
    try {
      const problem = await this.#problemOf(socket, certificate);
      if (problem === null) this.#handlers.secured(socket, subjectName(certificate));
      else this.#refuse(socket, problem);
    } catch (error) {
      this.#refuse(socket, error instanceof Error ? error.message : String(error));
    }
  }

  /** Why the certificate does not let the client in; null when it does. */
  async #problemOf(socket: TLSSocket, certificate: X509Certificate): Promise<string | null> {
    if (!socket.authorized) return String(socket.authorizationError);
    const { clientHostCheck } = this.#settings;
    const address = (socket.remoteAddress ?? "").replace(/^::ffff:/u, "");
    if (clientHostCheck === "nothing" || certificate.checkIP(address) !== undefined) return null;
    if (clientHostCheck === "addressOrName") {
      const names = await reverse(address).catch(() => []);
      if (names.some((name) => certificate.checkHost(name) !== undefined)) return null;
    }
    return `the certificate is not for ${address}`;
  }

  #refuse(socket: TLSSocket, reason: string): void {
    this.#handlers.refused();
    this.#log.warn("TLS handshake failed", { remote: socket.remoteAddress ?? "", reason });
    socket.destroy();
  }
}

function tlsOptions(settings: TlsSettings): TlsOptions {
  const { trustStore, clientAuth, ciphers, minVersion, maxVersion } = settings;
  const { key, chain } = readKeyStore(settings.keyStore);
  const trusted = trustStore === null ? null : readTrustStore(trustStore);
  return {
    key: key.export({ format: "pem", type: "pkcs8" }),
    cert: chain.map(String).join("\n"),
    ...(trusted === null ? {} : { ca: trusted.map(String) }),
    requestCert: clientAuth !== "none",
    // Without a certificate clients are let in under `want`; what is wrong with one, we check.
    rejectUnauthorized: clientAuth === "need",
    // As in Java, any certificate in the trust store is an end of the chain.
    allowPartialTrustChain: true,
    minVersion,
    maxVersion,
    ...(ciphers === null ? {} : { ciphers }),
    honorCipherOrder: true,
    handshakeTimeout: settings.handshakeTimeoutMs,
    // Sessions last longer than tickets, and a resumed one would skip the client's certificate.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}
