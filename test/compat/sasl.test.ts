/**
 * SASL DIGEST-MD5 and required authentication: every message, right or wrong, is answered as
 * Apache's server answers it, and the Java and Python clients get in with a password, and only so.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JuteReader, JuteWriter, OpCode, Xid, writeAuthPacket } from "../../src/wire/index.ts";
import { respond } from "../support/digest-md5-client.ts";
import type { ResponseOptions } from "../support/digest-md5-client.ts";
import { installApacheZooKeeper, startApacheServer } from "./support/apache-zookeeper.ts";
import { startEnsembleServer } from "./support/ensemble-server.ts";
import { installJavaCompiler, startJavaProgram } from "./support/java-program.ts";
import { installKazoo, runKazoo } from "./support/kazoo.ts";
import { layOutEnsemble } from "./support/member-layout.ts";
import type { ZooCfg } from "./support/member-layout.ts";
import { RawSession } from "./support/raw-session.ts";
import type { RawFrame } from "./support/raw-session.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import type { ServerProcess } from "./support/server-process.ts";

const accessCheck = fileURLToPath(new URL("java/AccessCheck.java", import.meta.url));

const serverJaas = `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_super="adminsecret"
  user_bob="bobsecret";
};
`;

/** How servers are set up; each way has a port of Apache's and one of ours. */
const setups = {
  plain: {},
  tolerant: { allowSaslFailedClients: "true" },
  strict: { sessionRequireClientSASLAuth: "true", allowSaslFailedClients: "true" },
  digest: { "enforce.auth.enabled": "true", "enforce.auth.schemes": "digest, sasl" },
} as const satisfies Record<string, ZooCfg>;

type Setup = keyof typeof setups;

/** Responses of a client, right and wrong. */
const responses: Readonly<Record<string, ResponseOptions>> = {
  right: {},
  "right, with an authorization id": { authzid: "super" },
  "right, in capitals": { uri: "ZOOKEEPER/ZK-SASL-MD5" },
  "right, without qop": { change: { qop: null } },
  "right, with another count": { change: { nc: "00000002" } },
  "right, with more": { more: ',foo="a,b" , x = y ,' },
  "wrong password": { password: "x" },
  "unknown user": { user: "nobody" },
  "wrong realm": { realm: "other" },
  "wrong nonce": { change: { nonce: '"zzz"' } },
  "wrong digest-uri": { uri: "zookeeper/other" },
  "wrong qop": { change: { qop: "auth-int" } },
  "wrong charset": { change: { charset: "latin1" } },
  "no cnonce": { change: { cnonce: null } },
  "no realm": { change: { realm: null } },
  "no response": { change: { response: null } },
  twice: { more: ",qop=auth" },
  "open quote": { more: ',foo="abc' },
  "no name": { more: ",=b" },
  "too long": { more: `,foo=${"a".repeat(5000)}` },
};

await describeWithPeers(
  "SASL and required authentication",
  [installApacheZooKeeper, installJavaCompiler, installKazoo],
  () => {
    let folder: string;
    const servers: ServerProcess[] = [];
    const ports = new Map<string, number>();

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "ensemble-sasl-"));
      const jaas = path.join(folder, "server.jaas");
      await writeFile(jaas, serverJaas);
      for (const [setup, config] of Object.entries(setups)) {
        for (const kind of ["apache", "ensemble"]) {
          const baseFolder = path.join(folder, setup, kind);
          await mkdir(baseFolder, { recursive: true });
          const [member] = await layOutEnsemble(1, {
            baseFolder,
            config: {
              "authProvider.1": "org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
              ...(kind === "ensemble" ? { "java.security.auth.login.config": jaas } : {}),
              ...config,
            },
          });
          const options = { folder: member!.folder, zooCfgPath: member!.zooCfgPath };
          const jvmFlags = ["-Xmx128m", `-Djava.security.auth.login.config=${jaas}`];
          servers.push(
            kind === "apache"
              ? await startApacheServer({ ...options, jvmFlags })
              : await startEnsembleServer(options),
          );
          ports.set(`${setup} ${kind}`, member!.ports.client);
        }
      }
    });

    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    });

    const onBoth = async <T>(setup: Setup, run: (port: number) => Promise<T>): Promise<void> => {
      const apache = await run(ports.get(`${setup} apache`)!);
      const ours = await run(ports.get(`${setup} ensemble`)!);
      expect(ours).toEqual(apache);
    };

    test.each(Object.entries(responses))("a response that is %s", async (_, options) => {
      for (const setup of ["plain", "tolerant", "strict"] as const) {
        await onBoth(setup, async (port) => {
          const session = await RawSession.open({ port });
          const challenge = await sasl(session, Buffer.alloc(0));
          const text = new JuteReader(challenge!.body).readBuffer()!.toString();
          const { response, rspauth } = respond(text, options);
          const reply = await sasl(session, response);
          const proof = reply?.body.toString("latin1", 4) === rspauth ? "proof" : reply?.body;
          const again = await sasl(session, Buffer.alloc(0));
          const who = await session.request(OpCode.whoAmI, Buffer.alloc(0));
          return [
            text.replace(/nonce="[A-Za-z0-9+/]{40}"/u, "nonce"),
            { ...summary(reply), body: proof },
            summary(again),
            await closed(session),
            who === null ? null : identities(who),
          ];
        });
      }
    });

    test("first messages that are not empty, null, or missing", async () => {
      await onBoth("plain", async (port) => {
        const results: unknown[] = [];
        for (const body of [field(Buffer.from("x")), field(null), Buffer.alloc(0)]) {
          const session = await RawSession.open({ port });
          const reply = await session.request(OpCode.sasl, body, 0);
          results.push(reply?.err, await closed(session));
        }
        return results;
      });
    });

    test("auth with other schemes", async () => {
      await onBoth("plain", async (port) => {
        const results: unknown[] = [];
        for (const scheme of ["sasl", "ip", "x509", "ensemble", "nothing", "digest"]) {
          const session = await RawSession.open({ port });
          const reply = await auth(session, scheme, "bob:secret");
          const who = await session.request(OpCode.whoAmI, Buffer.alloc(0));
          results.push(summary(reply), await closed(session), who && identities(who));
        }
        return results;
      });
    });

    test.each(["strict", "digest"] as const)("requests without proof when %s", async (setup) => {
      await onBoth(setup, async (port) => {
        const results: unknown[] = [];
        const none = Buffer.alloc(0);
        for (const type of [OpCode.ping, OpCode.whoAmI, OpCode.create, OpCode.closeSession, 999]) {
          const session = await RawSession.open({ port });
          results.push(summary(await session.request(type, none)), await closed(session));
        }
        const session = await RawSession.open({ port });
        results.push(summary(await auth(session, "digest", "bob:secret")));
        const who = await session.request(OpCode.whoAmI, none);
        results.push(summary(who)?.err, await closed(session));
        return results;
      });
    });

    test("the Java client gets in with its password", async () => {
      const jaas = await clientJaas(folder, "bob", "bobsecret");
      const run = await java(`127.0.0.1:${ports.get("strict ensemble")}`, jaas);
      expect(run).toEqual([
        "state SyncConnected",
        "state SaslAuthenticated",
        "who ip 127.0.0.1",
        "who sasl bob",
        "acl [31,s{'sasl,'bob}",
        "done",
      ]);
    });

    test.each(["plain", "strict"] as const)("it fails with another one when %s", async (setup) => {
      const jaas = await clientJaas(folder, "bob", "wrong");
      const ours = await java(`127.0.0.1:${ports.get(`${setup} ensemble`)}`, jaas);
      expect(ours).toEqual(await java(`127.0.0.1:${ports.get(`${setup} apache`)}`, jaas));
      expect(ours.at(-1)).not.toBe("done");
    });

    test("kazoo gets in with its password, and not with another one", async () => {
      const script = `
import sys
from kazoo.client import KazooClient
from kazoo.exceptions import AuthFailedError, ConnectionLoss, SessionExpiredError
from kazoo.security import make_acl
def client(password):
    options = {"mechanism": "DIGEST-MD5", "username": "bob", "password": password}
    return KazooClient(hosts=sys.argv[1], sasl_options=options)
zk = client("bobsecret")
zk.start(timeout=15)
zk.create("/kazoo", b"x", acl=[make_acl("sasl", "bob", all=True)])
print(zk.get("/kazoo")[0], zk.get_acls("/kazoo")[0][0].id)
zk.delete("/kazoo")
zk.stop()
try:
    zk = client("wrong")
    zk.start(timeout=15)
    print(zk.get("/"))
except (AuthFailedError, ConnectionLoss, SessionExpiredError):
    print("refused")
`;
      for (const kind of ["ensemble", "apache"]) {
        const { stdout } = await runKazoo(script, [`127.0.0.1:${ports.get(`plain ${kind}`)}`]);
        expect(stdout, kind).toBe("b'x' Id(scheme='sasl', id='bob')\nrefused\n");
      }
    });
  },
);

function field(bytes: Buffer | null): Buffer {
  const writer = new JuteWriter();
  writer.writeBuffer(bytes);
  return writer.takeCopy();
}

function sasl(session: RawSession, message: Buffer): Promise<RawFrame | null> {
  return session.request(OpCode.sasl, field(message), 0);
}

function auth(session: RawSession, scheme: string, text: string): Promise<RawFrame | null> {
  const writer = new JuteWriter();
  writeAuthPacket(writer, { scheme, auth: Buffer.from(text) });
  return session.request(OpCode.auth, writer.takeCopy(), -4);
}

/** All of a reply but the zxid of the last write, which differs. */
function summary(frame: RawFrame | null): { err: number; body: string } | null {
  return frame === null ? null : { err: frame.err, body: frame.body.toString("hex") };
}

/** Scheme and user of each identity in a reply to whoAmI; their order is of no meaning. */
function identities(frame: RawFrame): string[] {
  const read = (reader: JuteReader): string => `${reader.readString()}:${reader.readString()}`;
  return (new JuteReader(frame.body).readVector(read, 8) ?? []).sort();
}

/** Whether the server has closed the connection, or will without another answer. */
async function closed(session: RawSession): Promise<boolean> {
  const ping = await session.request(OpCode.ping, Buffer.alloc(0), Xid.ping);
  session.drop();
  return ping === null;
}

async function clientJaas(folder: string, user: string, password: string): Promise<string> {
  const file = path.join(folder, `${user}-${password}.jaas`);
  const login = "org.apache.zookeeper.server.auth.DigestLoginModule required";
  await writeFile(file, `Client { ${login} username="${user}" password="${password}"; };\n`);
  return file;
}

async function java(connectString: string, jaas: string): Promise<string[]> {
  // In FIPS mode, its default, the client has no DIGEST-MD5.
  const args = [connectString, `java.security.auth.login.config=${jaas}`];
  args.push("zookeeper.fips-mode=false");
  const program = await startJavaProgram(accessCheck, args);
  // Its log is in between.
  const isOurs = (line: string): boolean =>
    /^(?:state|who|acl|error|done|not connected)/u.test(line);
  return (await program.done).split("\n").filter(isOurs);
}
