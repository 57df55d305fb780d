/**
 * TLS with the Java client: stores made by keytool and openssl, in every format that ZooKeeper
 * has, and subjects of certificates that are hard to write; what Apache's server makes of the
 * same client is what ours must.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installApacheZooKeeper, startApacheServer } from "./support/apache-zookeeper.ts";
import { startEnsembleServer } from "./support/ensemble-server.ts";
import { installJavaCompiler, startJavaProgram } from "./support/java-program.ts";
import { layOutEnsemble } from "./support/member-layout.ts";
import type { ZooCfg } from "./support/member-layout.ts";
import { requireTools } from "./support/missing-tools.ts";
import { findFreePorts } from "./support/ports.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { runCommand } from "./support/run-command.ts";
import type { ServerProcess } from "./support/server-process.ts";

const accessCheck = fileURLToPath(new URL("java/AccessCheck.java", import.meta.url));
const password = "changeit";

/** Stores of the server and its trust, by format and kind of key. */
const formats = ["pem", "jks", "p12", "p12 of openssl", "ec"] as const;

/** Subjects as openssl takes them; `+` joins attributes, `\` escapes. */
const subjects = [
  "/C=DE/ST=Bayern/O=Acme, Inc. <x>/OU=a+b/CN=alice #1",
  '/DC=org/DC=example/UID=42/CN=M\u00fcller = S\u00f6hne; "\u65e5\u672c"',
  "/O= spaces /STREET=Main 1/emailAddress=a@example.org/serialNumber=7/CN=#x\\\\y",
  "/O=Acme/CN=one+OU=two/title=Dr",
];

const installKeytool = async (): Promise<void> => {
  requireTools("make certificates", ["keytool", "openssl"]);
  await Promise.resolve();
};

await describeWithPeers(
  "TLS with the Java client",
  [installApacheZooKeeper, installJavaCompiler, installKeytool],
  () => {
    let folder: string;
    const servers: ServerProcess[] = [];

    const file = (name: string): string => path.join(folder, name);
    const openssl = (...args: string[]): Promise<unknown> =>
      runCommand("openssl", args, { cwd: folder, timeoutMs: 20_000 });
    const keytool = (...args: string[]): Promise<unknown> =>
      runCommand("keytool", [...args, "-noprompt"], { cwd: folder, timeoutMs: 20_000 });

    /** Makes `<name>.key`, `<name>.crt` and `<name>.pem` with both, signed by `ca`. */
    const issue = async (name: string, subject: string, kind = "rsa"): Promise<void> => {
      const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
      const newKey = kind === "ec" ? curve : ["-newkey", "rsa:2048"];
      const request = ["req", "-new", "-nodes", "-utf8", "-subj", subject, "-multivalue-rdn"];
      await openssl(...request, ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`);
      await writeFile(file(`${name}.ext`), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
      const sign = ["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key"];
      await openssl(...sign, "-days", "2", "-extfile", `${name}.ext`, "-out", `${name}.crt`);
      const parts = [await readFile(file(`${name}.key`)), await readFile(file(`${name}.crt`))];
      await writeFile(file(`${name}.pem`), Buffer.concat(parts));
    };

    /** A store of Java's with the key and certificate of `name`. */
    const pack = async (name: string, store: string): Promise<void> => {
      const pkcs12 = ["pkcs12", "-export", "-inkey", `${name}.key`, "-in", `${name}.crt`];
      const packed = `${store}.packed.p12`;
      const pass = ["-passout", `pass:${password}`];
      await openssl(...pkcs12, "-certfile", "ca.crt", "-out", packed, "-name", "me", ...pass);
      if (store.endsWith(".raw.p12")) return;
      const type = store.endsWith(".jks") ? "JKS" : "PKCS12";
      const from = ["-srckeystore", packed, "-srcstorepass", password];
      const to = ["-destkeystore", store, "-deststorepass", password, "-deststoretype", type];
      await keytool("-importkeystore", ...from, ...to);
    };

    const trust = async (store: string): Promise<void> => {
      const type = store.endsWith(".jks") ? "JKS" : "PKCS12";
      const to = ["-keystore", store, "-storepass", password, "-storetype", type];
      await keytool("-importcert", "-alias", "ca", "-file", "ca.crt", ...to);
    };

    /** Starts a server with TLS; returns its secure port. */
    const start = async (kind: "apache" | "ensemble", config: ZooCfg): Promise<number> => {
      const [port = 0] = await findFreePorts(1);
      const baseFolder = await mkdtemp(file(`${kind}-`));
      const [member] = await layOutEnsemble(1, {
        baseFolder,
        config: {
          secureClientPort: port,
          secureClientPortAddress: "127.0.0.1",
          serverCnxnFactory: "org.apache.zookeeper.server.NettyServerCnxnFactory",
          ...config,
        },
      });
      const options = { folder: member!.folder, zooCfgPath: member!.zooCfgPath };
      const jvmFlags = ["-Xmx128m", "-XX:TieredStopAtLevel=1"];
      servers.push(
        kind === "apache"
          ? await startApacheServer({ ...options, jvmFlags })
          : await startEnsembleServer(options),
      );
      return port;
    };

    const storeConfig = (keys: string, trusted: string): ZooCfg => ({
      "ssl.keyStore.location": file(keys),
      ...(keys.endsWith(".pem") ? {} : { "ssl.keyStore.password": password }),
      "ssl.trustStore.location": file(trusted),
      ...(trusted.endsWith(".pem") ? {} : { "ssl.trustStore.password": password }),
    });

    /** What the Java client sees at `port` with the stores of `config`. */
    const java = async (port: number, config: ZooCfg): Promise<string[]> => {
      const properties = Object.entries(config).map(([key, value]) => `zookeeper.${key}=${value}`);
      const program = await startJavaProgram(accessCheck, [
        `127.0.0.1:${port}`,
        "zookeeper.client.secure=true",
        "zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty",
        ...properties,
      ]);
      return (await program.done).split("\n").filter((line) => line !== "");
    };

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "ensemble-tls-"));
      const ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test CA"];
      await openssl(...ca, "-days", "2", "-keyout", "ca.key", "-out", "ca.crt");
      await writeFile(file("ca.pem"), await readFile(file("ca.crt")));
      await issue("server", "/CN=server");
      await issue("ec", "/CN=server", "ec");
      await issue("client", "/O=Acme/CN=client");
      await pack("server", "server.jks");
      await pack("server", "server.p12");
      await pack("server", "server.raw.p12");
      await pack("ec", "ec.p12");
      await pack("client", "client.jks");
      await trust("trust.jks");
      await trust("trust.p12");
    });

    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    });

    test.each(formats)("stores in %s", async (format) => {
      const stores = {
        pem: storeConfig("server.pem", "ca.pem"),
        jks: storeConfig("server.jks", "trust.jks"),
        p12: storeConfig("server.p12", "trust.p12"),
        "p12 of openssl": storeConfig("server.raw.p12.packed.p12", "trust.p12"),
        ec: storeConfig("ec.p12", "trust.jks"),
      }[format];
      const port = await start("ensemble", stores);
      expect(await java(port, storeConfig("client.jks", "trust.jks"))).toEqual([
        "state SyncConnected",
        "who x509 CN=client,O=Acme",
        "who ip 127.0.0.1",
        // The client escapes the comma when it prints an identity.
        "acl [31,s{'x509,'CN=client%2CO=Acme}",
        "]",
        "done",
      ]);
    });

    test("subjects are written as Apache's server writes them", async () => {
      const stores = storeConfig("server.pem", "ca.pem");
      const [apache, ours] = [await start("apache", stores), await start("ensemble", stores)];
      for (const [index, subject] of subjects.entries()) {
        await issue(`subject-${index}`, subject);
        const client = storeConfig(`subject-${index}.pem`, "ca.pem");
        const [theirs, found] = [await java(apache, client), await java(ours, client)];
        expect(found.sort(), subject).toEqual(theirs.sort());
        expect(found).toContain("done");
      }
    });

    test("a client without a certificate, and one with a stranger's", async () => {
      const stores = storeConfig("server.pem", "ca.pem");
      const port = await start("ensemble", stores);
      const self = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=Acme/CN=client"];
      await openssl(...self, "-days", "2", "-keyout", "other.key", "-out", "other.crt");
      const parts = [await readFile(file("other.key")), await readFile(file("other.crt"))];
      await writeFile(file("other.pem"), Buffer.concat(parts));
      const anonymous = { "ssl.trustStore.location": file("ca.pem") };
      for (const client of [anonymous, storeConfig("other.pem", "ca.pem")]) {
        expect(await java(port, client)).toContain("not connected");
      }
    });
  },
);
