/**
 * Finds out who clients are (ZooKeeper 3.9 `DigestAuthenticationProvider`,
 * `EnsembleAuthenticationProvider`, `ZooKeeperServer.processSasl`, `AuthenticationHelper`). One
 * authenticator serves a server; each connection has an `Identity`, which holds what the client
 * has proved so far and says whether that is enough to be served. Whether an identity may do
 * something to a node is decided elsewhere.
 */
import { randomBytes } from "node:crypto";
import type { Logger } from "../../observe/index.ts";
import { ErrorCode, OpCode, readAuthPacket, readSaslToken } from "../../wire/index.ts";
import type { AuthPacket, Id, JuteReader } from "../../wire/index.ts";
import type { AuthSettings } from "../config/index.ts";
import { DigestMd5Exchange } from "./digest-md5.ts";
import { addressId, digestIds } from "./identities.ts";

/** The answer to an `auth` or `sasl` request. */
export interface AuthReply {
  readonly err: number;
  /** The server's message of SASL, null for none; absent from the answer to `auth`. */
  readonly token?: Buffer | null;
  /** Whether the connection is to be closed behind the answer. */
  readonly isLast: boolean;
}

export class ClientAuthenticator {
  readonly settings: AuthSettings;
  readonly #logger: Logger;

  constructor(settings: AuthSettings, logger: Logger) {
    this.settings = settings;
    this.#logger = logger;
  }

  /**
   * The identity of a new connection: its address, and what its certificate proves.
   *
   * @param subject - the subject of the client's certificate, verified; null without one.
   */
  begin(remoteAddress: string, subject: string | null): Identity {
    const ids = [addressId(remoteAddress)];
    if (subject !== null) {
      const isSuper = subject === this.settings.x509SuperUser;
      if (isSuper) ids.unshift({ scheme: "super", id: subject });
      ids.unshift({ scheme: "x509", id: subject });
    }
    return new Identity(this, remoteAddress, ids);
  }

  /** Whether clients with these identities are served. */
  admits(ids: readonly Id[]): boolean {
    const required = this.settings.requiredSchemes;
    return required === null || ids.some(({ scheme }) => required.has(scheme));
  }

  /** Takes an `auth` request: the ids that it proves, or what becomes of the client otherwise. */
  authenticate(packet: AuthPacket, remoteAddress: string): readonly Id[] | "refused" | "dropped" {
    const { schemes, ensembleNames } = this.settings;
    if (!schemes.has(packet.scheme)) return "refused";
    if (packet.scheme === "ip") return [];
    if (packet.scheme === "digest") {
      return digestIds(packet.auth.toString("utf8"), this.settings);
    }
    if (packet.scheme !== "ensemble") return "refused";
    const name = packet.auth.toString("utf8");
    if (name === "" || ensembleNames === null || ensembleNames.has(name)) return [];
    this.#logger.warn("Client looks for another ensemble", { remote: remoteAddress, name });
    // An error would end the client; a closed connection makes it try another server.
    return "dropped";
  }

  /** A SASL exchange, or null when clients cannot use SASL. */
  beginSasl(): DigestMd5Exchange | null {
    const { saslPasswords } = this.settings;
    if (saslPasswords === null) return null;
    return new DigestMd5Exchange(saslPasswords, randomBytes(30).toString("base64"));
  }

  /** The answer to a client that failed. */
  refuseSasl(reason: string, remoteAddress: string): AuthReply {
    const { requiredSchemes, allowSaslFailedClients } = this.settings;
    const isRequired = requiredSchemes?.has("sasl") === true;
    const isTolerated = allowSaslFailedClients && !isRequired;
    const remote = remoteAddress;
    this.#logger.warn("SASL authentication failed", { remote, reason, closing: !isTolerated });
    if (isTolerated) return { err: ErrorCode.ok, token: null, isLast: false };
    const err = isRequired ? ErrorCode.sessionClosedRequireSaslAuth : ErrorCode.authFailed;
    return { err, token: null, isLast: true };
  }
}

/** Who the client of one connection is, as far as it has shown. */
export class Identity {
  readonly #authenticator: ClientAuthenticator;
  readonly #remoteAddress: string;
  #ids: readonly Id[];
  #isAdmitted: boolean;
  /** Undefined before the first SASL request. */
  #sasl: DigestMd5Exchange | null | undefined;

  constructor(authenticator: ClientAuthenticator, remoteAddress: string, ids: readonly Id[]) {
    this.#authenticator = authenticator;
    this.#remoteAddress = remoteAddress;
    this.#ids = ids;
    this.#isAdmitted = authenticator.admits(ids);
  }

  /** Never changed in place: requests under way keep those that they came with. */
  get ids(): readonly Id[] {
    return this.#ids;
  }

  /** Whether requests other than `auth` and `sasl` are served. */
  get isAdmitted(): boolean {
    return this.#isAdmitted;
  }

  /**
   * Answers an `auth` or `sasl` request; null when the connection is to be closed without an
   * answer. There is one SASL exchange in a connection's life.
   *
   * @throws WireError when the request cannot be read.
   */
  answer(type: number, reader: JuteReader): AuthReply | null {
    return type === OpCode.sasl
      ? this.#answerSasl(readSaslToken(reader))
      : this.#answerAuth(readAuthPacket(reader));
  }

  #answerAuth(packet: AuthPacket): AuthReply | null {
    const result = this.#authenticator.authenticate(packet, this.#remoteAddress);
    if (result === "dropped") return null;
    if (result === "refused") return { err: ErrorCode.authFailed, isLast: true };
    this.#add(result);
    return { err: ErrorCode.ok, isLast: false };
  }

  #answerSasl(message: Buffer): AuthReply {
    if (this.#sasl === undefined) this.#sasl = this.#authenticator.beginSasl();
    // No mechanism is configured: a null token says so.
    if (this.#sasl === null) return { err: ErrorCode.ok, token: null, isLast: false };
    const step = this.#sasl.step(message);
    if (step.kind === "failed")
      return this.#authenticator.refuseSasl(step.reason, this.#remoteAddress);
    if (step.kind === "accepted") {
      this.#add([{ scheme: "sasl", id: step.user }]);
      const { saslSuperUsers } = this.#authenticator.settings;
      if (saslSuperUsers.has(step.user)) this.#add([{ scheme: "super", id: "" }]);
    }
    return { err: ErrorCode.ok, token: step.token, isLast: false };
  }

  #add(ids: readonly Id[]): void {
    const isNew = (id: Id): boolean =>
      !this.#ids.some((known) => known.scheme === id.scheme && known.id === id.id);
    this.#ids = [...this.#ids, ...ids.filter(isNew)];
    this.#isAdmitted = this.#authenticator.admits(this.#ids);
  }
}
