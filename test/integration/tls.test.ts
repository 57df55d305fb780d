/** TLS for clients, with Node's own TLS on the other side. */
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/main/system-clock.ts";
import { nullLogger } from "../../src/observe/index.ts";
import { loadServerConfig, startServer } from "../../src/server/index.ts";
import { JuteReader, OpCode, Perms } from "../../src/wire/index.ts";
import type { JuteWriter } from "../../src/wire/index.ts";
import { askServerMode } from "../compat/support/four-letter-word.ts";
import { TestAuthority, pkcs12Of } from "../support/certificates.ts";
import type { Credentials } from "../support/certificates.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { RawClient, connectRequest } from "./support/raw-client.ts";

const authority = new TestAuthority();
const stranger = new TestAuthority("Somebody else");
const server = authority.issue({ subject: { CN: "server" }, addresses: ["127.0.0.1"] });
const alice = authority.issue({ subject: { O: "Acme, Inc.", CN: "alice" } });
const here = authority.issue({ subject: { CN: "here" }, addresses: ["127.0.0.1"] });
const elsewhere = authority.issue({ subject: { CN: "elsewhere" }, addresses: ["192.0.2.1"] });
const unknown = stranger.issue({ subject: { O: "Acme, Inc.", CN: "alice" } });

const aliceName = "CN=alice,O=Acme\\, Inc.";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, "server.pem"), server.key + server.cert);
  writeFileSync(join(folder, "trust.pem"), authority.credentials.cert);
});

/** A standalone server with TLS; returns its ports. */
async function start(settings: readonly string[]): Promise<{ plain: number; secure: number }> {
  const data = temporaryFolder();
  mkdirSync(join(data, "data"));
  const file = join(data, "zoo.cfg");
  const lines = [
    `dataDir=${join(data, "data")}`,
    "clientPortAddress=127.0.0.1",
    "clientPort=0",
    `ssl.keyStore.location=${join(folder, "server.pem")}`,
    `ssl.trustStore.location=${join(folder, "trust.pem")}`,
    "4lw.commands.whitelist=*",
    ...settings,
  ];
  writeFileSync(file, lines.join("\n"));
  const config = loadServerConfig(file);
  const running = await startServer({ config, logger: nullLogger, clock: systemClock });
  onTestFinished(() => running.stop());
  const mode = (): Promise<unknown> => askServerMode("127.0.0.1", running.clientPort);
  await expect.poll(mode, { interval: 10, timeout: 10_000 }).toBe("standalone");
  return { plain: running.clientPort, secure: running.secureClientPort };
}

const secure = "secureClientPort=0\nsecureClientPortAddress=127.0.0.1";

function as(credentials: Credentials | null): ConnectionOptions {
  return { ca: authority.credentials.cert, ...credentials };
}

/** The client's identities, once it has a session. */
async function whoAmI(client: RawClient): Promise<string[]> {
  client.write(connectRequest());
  await client.connectResponse();
  const { body } = await client.call(1, OpCode.whoAmI);
  const read = (reader: JuteReader): string => `${reader.readString()} ${reader.readString()}`;
  return (new JuteReader(body).readVector(read, 8) ?? []).sort();
}

/** Whether a client with these credentials gets a session. */
async function isLetIn(port: number, credentials: Credentials | null): Promise<boolean> {
  try {
    const client = await RawClient.dialTls(port, as(credentials));
    await whoAmI(client);
    await client.destroy();
    return true;
  } catch {
    return false;
  }
}

describe("secureClientPort", () => {
  it("knows clients by the subject of their certificates", async () => {
    const { secure: port, plain } = await start([secure]);
    const client = await RawClient.dialTls(port, as(alice));
    expect(await whoAmI(client)).toEqual(["ip 127.0.0.1", `x509 ${aliceName}`]);
    await client.destroy();
    const other = await RawClient.dial(plain);
    expect(await whoAmI(other)).toEqual(["ip 127.0.0.1"]);
    await other.destroy();
  });

  it("lets nobody in without a certificate that it trusts", async () => {
    const { secure: port } = await start([secure]);
    expect(await isLetIn(port, alice)).toBe(true);
    expect(await isLetIn(port, null)).toBe(false);
    expect(await isLetIn(port, unknown)).toBe(false);
    const plain = await RawClient.dial(port);
    plain.write(connectRequest());
    await plain.closed;
  });

  it("ssl.clientAuth=want takes clients without a certificate, and none with a bad one", async () => {
    const { secure: port } = await start([secure, "ssl.clientAuth=want"]);
    expect(await isLetIn(port, null)).toBe(true);
    expect(await isLetIn(port, alice)).toBe(true);
    expect(await isLetIn(port, unknown)).toBe(false);
  });

  it("ssl.clientAuth=none does not ask for certificates", async () => {
    const { secure: port } = await start([secure, "ssl.clientAuth=none"]);
    const client = await RawClient.dialTls(port, as(alice));
    expect(await whoAmI(client)).toEqual(["ip 127.0.0.1"]);
    await client.destroy();
  });

  it("ssl.clientHostnameVerification compares certificates with addresses", async () => {
    const { secure: port } = await start([secure, "ssl.clientHostnameVerification=true"]);
    expect(await isLetIn(port, here)).toBe(true);
    expect(await isLetIn(port, elsewhere)).toBe(false);
    expect(await isLetIn(port, alice)).toBe(false);
  });

  it("X509AuthenticationProvider.superUser may do everything", async () => {
    const superUser = aliceName.replaceAll("\\", "\\\\");
    const { secure: port } = await start([
      secure,
      `X509AuthenticationProvider.superUser=${superUser}`,
    ]);
    const client = await RawClient.dialTls(port, as(alice));
    expect(await whoAmI(client)).toContain(`super ${aliceName}`);
    await client.destroy();
  });

  it("access lists can name certificates", async () => {
    const { secure: port, plain } = await start([secure]);
    const client = await RawClient.dialTls(port, as(alice));
    await whoAmI(client);
    const created = await client.call(2, OpCode.create, (writer) => {
      writer.writeString("/alice");
      writer.writeBuffer(Buffer.from("x"));
      writer.writeInt(1);
      writer.writeInt(Perms.all);
      writer.writeString("x509");
      writer.writeString(aliceName);
      writer.writeInt(0);
    });
    expect(created.err).toBe(0);
    const read = (writer: JuteWriter): void => {
      writer.writeString("/alice");
      writer.writeBool(false);
    };
    expect((await client.call(3, OpCode.getData, read)).err).toBe(0);
    await client.destroy();
    const other = await RawClient.dial(plain);
    await whoAmI(other);
    expect((await other.call(2, OpCode.getData, read)).err).toBe(-102);
    await other.destroy();
  });

  it("answers four-letter words inside TLS only", async () => {
    const { secure: port } = await start([secure]);
    const chunks: Buffer[] = [];
    const options = { host: "127.0.0.1", port, ...as(alice) };
    const socket = connectTls(options, () => socket.write("ruok"));
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe("imok");
  });

  it("speaks the versions and cipher suites that it is told to", async () => {
    const { secure: port } = await start([
      secure,
      "ssl.enabledProtocols=TLSv1.2",
      "ssl.ciphersuites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ]);
    const socket = connectTls({ host: "127.0.0.1", port, ...as(alice) });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    expect(socket.getProtocol()).toBe("TLSv1.2");
    expect(socket.getCipher().standardName).toBe("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    socket.destroy();
    const newer = { ...as(alice), minVersion: "TLSv1.3" } as const;
    await expect(RawClient.dialTls(port, newer)).rejects.toThrow(/protocol/u);
  });

  it("opens PKCS12 stores, with passwords in files", async () => {
    const password = "secret";
    const files = {
      "keys.p12": pkcs12Of(server.key, [server.cert, authority.credentials.cert], password),
      "trust.p12": pkcs12Of(null, [authority.credentials.cert], password),
      "password.txt": `${password}\n`,
    };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), content);
    }
    const { secure: port } = await start([
      secure,
      `ssl.keyStore.location=${join(folder, "keys.p12")}`,
      `ssl.keyStore.passwordPath=${join(folder, "password.txt")}`,
      `ssl.trustStore.location=${join(folder, "trust.p12")}`,
      `ssl.trustStore.password=${password}`,
    ]);
    expect(await isLetIn(port, alice)).toBe(true);
    expect(await isLetIn(port, unknown)).toBe(false);
  });

  it("counts in maxClientCnxns, and gives back what is closed", async () => {
    const { secure: port, plain } = await start([secure, "maxClientCnxns=2"]);
    const first = await RawClient.dialTls(port, as(alice));
    const second = await RawClient.dial(plain);
    const third = await RawClient.dial(plain);
    await third.closed;
    await expect(RawClient.dialTls(port, as(alice))).rejects.toThrow();
    await first.destroy();
    await expect.poll(() => isLetIn(port, alice)).toBe(true);
    await second.destroy();
  });

  it("closes a connection that does not complete its handshake", async () => {
    const { secure: port } = await start([secure, "ssl.handshakeDetectionTimeoutMillis=100"]);
    const client = await RawClient.dial(port);
    client.write(Buffer.from([0x16, 3, 1]));
    await client.closed;
  });
});

describe("client.portUnification", () => {
  it("takes plain clients and those with TLS on one port", async () => {
    const { plain: port } = await start(["client.portUnification=true"]);
    const plain = await RawClient.dial(port);
    const tls = await RawClient.dialTls(port, as(alice));
    expect(await whoAmI(plain)).toEqual(["ip 127.0.0.1"]);
    expect(await whoAmI(tls)).toEqual(["ip 127.0.0.1", `x509 ${aliceName}`]);
    await plain.destroy();
    await tls.destroy();
  });

  it("takes a first byte that comes alone, and four-letter words", async () => {
    const { plain: port } = await start(["client.portUnification=true"]);
    const client = await RawClient.dial(port);
    const frame = connectRequest();
    client.write(frame.subarray(0, 1));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(frame.subarray(1));
    expect((await client.connectResponse()).timeoutMs).toBeGreaterThan(0);
    await client.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of connect(port, "127.0.0.1").end("ruok")) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe("imok");
  });
});

describe("stores that cannot be used", () => {
  const keyStore = "ssl.keyStore.location";

  it.each<[string, () => readonly string[], RegExp]>([
    [
      "a missing file",
      () => [`${keyStore}=/nowhere.pem`],
      /keyStore.location: expected a file that ex/u,
    ],
    ["a file without a key", () => [`${keyStore}=${join(folder, "trust.pem")}`], /a private key/u],
    [
      "a key with another's certificate",
      () => {
        writeFileSync(join(folder, "mixed.pem"), alice.key + server.cert);
        return [`${keyStore}=${join(folder, "mixed.pem")}`];
      },
      /expected a key store with the certificate of its private key, found '.*mixed.pem'/u,
    ],
    [
      "a wrong password",
      () => {
        const store = pkcs12Of(server.key, [server.cert], "right");
        writeFileSync(join(folder, "locked.p12"), store);
        return [`${keyStore}=${join(folder, "locked.p12")}`, "ssl.keyStore.password=secret-guess"];
      },
      /zoo.cfg:\d+: ssl.keyStore.location: expected a JKS or PKCS12 store that opens with ssl/u,
    ],
    [
      "a trust store that is no store",
      () => {
        writeFileSync(join(folder, "empty.p12"), "nothing");
        return [`ssl.trustStore.location=${join(folder, "empty.p12")}`];
      },
      /ssl.trustStore.location: expected a JKS or PKCS12 store/u,
    ],
    [
      "a password file that is not there",
      () => ["ssl.keyStore.passwordPath=/nowhere"],
      /ssl.keyStore.passwordPath to be a readable file, found '\/nowhere'/u,
    ],
  ])("says so: %s", async (_, settings, message) => {
    const error: unknown = await start([secure, ...settings()]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ConfigError" });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain("secret-guess");
  });
});
