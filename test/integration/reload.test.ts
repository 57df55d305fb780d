/** A server that is told to read its settings anew: what changes, and what is answered. */
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askAdmin, askAdminJson } from "../compat/support/admin-client.ts";
import { startInProcess } from "./support/in-process-server.ts";

const who = { method: "POST", headers: { authorization: "ip" } };

test("POST reload puts live settings in force, and refuses a bad file", async () => {
  const { file, server } = await startInProcess("admin.serverPort=0");
  const port = server.adminPort ?? 0;
  const address = `127.0.0.1:${server.clientPort}`;
  const first = await EnsembleClient.connect(address, { sessionTimeoutMs: 10_000 });
  expect(first.sessionTimeoutMs).toBe(10_000);

  appendFileSync(file, "maxClientCnxns=2\nmaxSessionTimeout=5000\ntickTime=2000\n");
  const answer = await askAdmin(port, "/commands/reload", who);
  expect(answer.statusCode).toBe(200);
  expect(JSON.parse(answer.body.toString())).toEqual({
    applied: ["maxClientCnxns", "maxSessionTimeout"],
    awaiting_restart: ["tickTime"],
    command: "reload",
    error: null,
  });
  expect(await askAdminJson(port, "/commands/configuration")).toMatchObject({
    max_client_cnxns: 2,
    max_session_timeout: 5000,
    tick_time: 1000,
  });
  const second = await EnsembleClient.connect(address, { sessionTimeoutMs: 10_000 });
  onTestFinished(() => second.close());
  expect(second.sessionTimeoutMs).toBe(5000);
  const third = connect(server.clientPort, "127.0.0.1");
  await once(third.resume(), "close");
  // Whoever was there has stayed.
  expect(await first.exists("/")).not.toBeNull();
  await first.close();

  appendFileSync(file, "maxClientCnxns=few\n");
  const refused = await askAdmin(port, "/commands/reload", who);
  expect(refused.statusCode).toBe(400);
  expect(refused.body.toString()).toContain(
    "maxClientCnxns: expected a whole number of connections, 0 or more, found 'few'",
  );
  expect((await askAdmin(port, "/commands/reload")).statusCode).toBe(405);
  expect((await askAdmin(port, "/commands/reload", { method: "POST" })).statusCode).toBe(401);
});
