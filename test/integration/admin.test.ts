/**
 * The admin server of real servers: commands, who may run which, the probes as a server starts,
 * serves and loses its quorum, and what happens when its port is taken.
 */
import { appendFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askAdmin, askAdminJson } from "../compat/support/admin-client.ts";
import type { ZooCfg } from "../compat/support/member-layout.ts";
import { findFreePorts } from "../compat/support/ports.ts";
import { superUser } from "../compat/support/tree-dump.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

const superDigestKey = "DigestAuthenticationProvider.superDigest";
const asSuper = { headers: { Authorization: `digest ${superUser.auth}` } };

async function startAlone(config: ZooCfg = {}) {
  const [port] = (await findFreePorts(1)) as [number];
  const ensemble = await TestEnsemble.start(1, {
    ...superUser.config,
    "admin.enableServer": true,
    "admin.serverPort": port,
    "admin.rateLimiterIntervalInMS": 0,
    ...config,
  });
  return { ensemble, port };
}

describe("The admin server", () => {
  let ensemble: TestEnsemble;
  let port: number;
  let client: EnsembleClient;

  beforeAll(async () => {
    ({ ensemble, port } = await startAlone());
    client = await EnsembleClient.connect(ensemble.connectString());
  });

  afterAll(async () => {
    await client.close();
    await ensemble.dispose();
  });

  const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await askAdmin(port, path, { headers })).statusCode;

  it("says yes to every probe", async () => {
    for (const probe of ["livez", "readyz", "startupz"]) {
      const { statusCode, body } = await askAdmin(port, `/${probe}`);
      expect([statusCode, JSON.parse(body.toString())]).toEqual([200, { status: "ok" }]);
    }
  });

  it("runs a command under each of its names", async () => {
    for (const name of ["configuration", "conf", "config"]) {
      expect(await askAdminJson(port, `/commands/${name}`)).toMatchObject({
        client_port: ensemble.clientPort(1),
        command: "configuration",
        error: null,
      });
    }
  });

  it("counts anew when it is told to", async () => {
    await client.exists("/");
    await askAdmin(port, "/commands/crst");
    await askAdmin(port, "/commands/srst");
    const { connections } = await askAdminJson(port, "/commands/cons");
    expect(connections).toMatchObject([{ packets_received: 0, last_operation: "NA" }]);
    await client.exists("/");
    const after = await askAdminJson(port, "/commands/cons");
    expect(after["connections"]).toMatchObject([{ packets_received: 1, last_operation: "EXIS" }]);
    const { server_stats } = await askAdminJson(port, "/commands/srvr");
    expect(server_stats).toMatchObject({ packets_received: 1, packets_sent: 1 });
  });

  it("does not show secrets of the configuration", async () => {
    for (const command of ["icfg", "sysp"]) {
      const { body } = await askAdmin(port, `/commands/${command}`);
      expect(body.toString()).toContain("superDigest");
      expect(body.toString()).not.toContain(superUser.config[superDigestKey]);
    }
  });

  it("answers nonsense without falling over", async () => {
    expect(await statusOf("/")).toBe(404);
    expect(await statusOf("/commands/%")).toBe(400);
    expect(await statusOf("/commands/__proto__")).toBe(200);
    expect(await statusOf(`/commands/${"x".repeat(4000)}`)).toBe(200);
    const control = await askAdmin(port, "/commands/a%00b%1b%22");
    expect(control.body.toString()).toContain(String.raw`"Unknown command: a\u0000b\u001b\""`);
    expect((await askAdmin(port, "/commands/ruok", { method: "DELETE" })).statusCode).toBe(405);
    expect((await askAdmin(port, "/commands/ruok", { method: "POST" })).statusCode).toBe(405);
    expect(await statusOf("/livez")).toBe(200);
  });

  it("gives snapshots to those who have every permission on the root node, only", async () => {
    const path = "/commands/snapshot";
    expect(await statusOf(path)).toBe(401);
    expect(await statusOf(path, { Authorization: "digest" })).toBe(401);
    expect(await statusOf(path, { Authorization: "basic a:b" })).toBe(401);
    const admin = await EnsembleClient.connect(ensemble.connectString(), {
      auth: [{ scheme: "digest", auth: superUser.auth }],
    });
    onTestFinished(() => admin.close());
    // user:base64(sha1("user:pw"))
    const id = { scheme: "digest", id: "user:2Om+GBbT2q/tS6pdvACZbbm7/1A=" };
    for (const bit of [1, 2, 4, 8, 16]) {
      for (const perms of [bit, 31 & ~bit]) {
        await admin.setAcl("/", [{ perms, id }]);
        expect(await statusOf(path, { Authorization: "digest user:pw" }), `${perms}`).toBe(403);
      }
    }
    await admin.setAcl("/", [{ perms: 31, id: { scheme: "ip", id: "10.0.0.1" } }]);
    const spoofed = { Authorization: "ip", "X-Forwarded-For": "10.0.0.1" };
    expect(await statusOf(path, spoofed)).toBe(403);
    await admin.setAcl("/", [{ perms: 31, id: { scheme: "ip", id: "127.0.0.1" } }]);
    expect(await statusOf(path, { Authorization: "ip" })).toBe(200);
    expect(await statusOf(path, asSuper.headers)).toBe(200);
    await admin.setAcl("/", [{ perms: 31, id: { scheme: "world", id: "anyone" } }]);
  });

  it("writes a snapshot that is named after the last transaction", async () => {
    const { mzxid } = (await client.setData("/zookeeper/quota", "now")) as { mzxid: bigint };
    const answer = await askAdmin(port, "/commands/snapshot?streaming=false", asSuper);
    expect(answer.statusCode).toBe(200);
    expect(BigInt(String(answer.headers["last_zxid"]))).toBeGreaterThanOrEqual(mzxid);
    expect(JSON.parse(answer.body.toString())).toEqual({ command: "snapshot", error: null });
    const { zxid } = await askAdminJson(port, "/commands/last_snapshot");
    expect(`0x${String(zxid)}`).toBe(answer.headers["last_zxid"]);
  });

  it("refuses to restore, and says what to do instead", async () => {
    const request = { ...asSuper, method: "POST", body: Buffer.from("anything") };
    const answer = await askAdmin(port, "/commands/restore", request);
    expect(answer.statusCode).toBe(501);
    expect(answer.body.toString()).toContain("stop all servers");
  });
});

describe("A server with an admin server", () => {
  it("gives a snapshot once in each interval, and none when that is switched off", async () => {
    const { ensemble, port } = await startAlone({ "admin.rateLimiterIntervalInMS": 60_000 });
    onTestFinished(() => ensemble.dispose());
    const answers = [1, 2].map(() => askAdmin(port, "/commands/snapshot", asSuper));
    const codes = (await Promise.all(answers)).map(({ statusCode }) => statusCode);
    expect(codes.sort()).toEqual([200, 429]);
    const off = await startAlone({ "admin.snapshot.enabled": false });
    onTestFinished(() => off.ensemble.dispose());
    const refused = await askAdmin(off.port, "/commands/snapshot", asSuper);
    expect(refused.statusCode).toBe(503);
  });

  it("goes on without it when the port is taken", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    onTestFinished(() => void holder.close());
    const taken = (holder.address() as AddressInfo).port;
    const { ensemble } = await startAlone({ "admin.serverPort": taken });
    onTestFinished(() => ensemble.dispose());
    const warning = ensemble.log(1).find(({ message }) => message.startsWith("The admin server"));
    expect(warning).toMatchObject({ level: "warn", port: taken });
  });

  it("says why it is not ready while it looks for a leader", { timeout: 60_000 }, async () => {
    const ensemble = await TestEnsemble.start(3);
    onTestFinished(() => ensemble.dispose());
    const [port] = (await findFreePorts(1)) as [number];
    const [id] = (await ensemble.followers()) as [number];
    await ensemble.kill(id);
    const settings = `admin.enableServer=true\nadmin.serverPort=${port}\n`;
    await appendFile(ensemble.member(id).zooCfgPath, settings);
    await ensemble.kill(...ensemble.ids.filter((other) => other !== id));
    await ensemble.startServer(id);
    await eventually("the admin server", async () => {
      const answer = await askAdmin(port, "/livez").catch(() => null);
      return answer?.statusCode === 200;
    });
    const cause = { code: "looking-for-leader" };
    await eventually("looking for a leader", async () => {
      const { causes } = await askAdminJson(port, "/readyz");
      return (causes as { code: string }[] | undefined)?.[0]?.code === cause.code;
    });
    for (const probe of ["readyz", "startupz"]) {
      const { statusCode, body } = await askAdmin(port, `/${probe}`);
      expect(statusCode).toBe(503);
      expect(JSON.parse(body.toString())).toMatchObject({ status: "no", causes: [cause] });
    }
    expect(await askAdminJson(port, "/commands/srvr")).toEqual({
      command: "srvr",
      error: "This ZooKeeper instance is not currently serving requests",
    });
    const [other] = ensemble.ids.filter((each) => each !== id) as [number];
    await ensemble.startServer(other);
    await ensemble.whenServing([id, other]);
    expect((await askAdmin(port, "/readyz")).statusCode).toBe(200);
    expect((await askAdmin(port, "/startupz")).statusCode).toBe(200);
  });
});
