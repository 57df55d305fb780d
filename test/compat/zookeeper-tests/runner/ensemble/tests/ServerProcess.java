package ensemble.tests;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One of our servers as a child process, its output in a file of the folder that the system
 * property ensemble.logs names. What still runs when a test class or this program ends is killed:
 * see {@link #killAll}. Every test class loads the stand-ins anew, and all share this class.
 */
public final class ServerProcess {
    private static final Set<ServerProcess> RUNNING = ConcurrentHashMap.newKeySet();
    private static final AtomicInteger STARTED = new AtomicInteger();
    private static final int START_LIMIT_MS = 90_000;
    private static final int STOP_LIMIT_MS = 15_000;
    private static final int POLL_MS = 20;
    private static final int LOG_TAIL_BYTES = 2_000;

    private final Process process;
    private final File log;

    private ServerProcess(Process process, File log) {
        this.process = process;
        this.log = log;
    }

    /** Starts {@code ensemble server <config>}; {@link #awaitPort} says when it listens. */
    public static ServerProcess start(File config) throws IOException {
        String name = String.format("server-%04d.log", STARTED.incrementAndGet());
        File log = new File(System.getProperty("ensemble.logs"), name);
        List<String> command = List.of(
                System.getProperty("ensemble.node"),
                System.getProperty("ensemble.main"),
                "server",
                config.getPath());
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        ServerProcess server = new ServerProcess(process, log);
        RUNNING.add(server);
        return server;
    }

    /**
     * Returns when it accepts connections at the address.
     *
     * @throws IOException with the end of its log when it ends first, or takes too long
     */
    public void awaitPort(InetSocketAddress address) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_LIMIT_MS);
        // Somebody else may have the port: then the server ends, and says why.
        while (!accepts(address) || !process.isAlive()) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                String why = process.isAlive() ? "does not listen" : "has ended";
                stop();
                throw new IOException("The server for " + address + " " + why + ": " + logTail());
            }
            Thread.sleep(POLL_MS);
        }
    }

    /** Whether the process is there. */
    public boolean isRunning() {
        return process.isAlive();
    }

    /** Waits for its end, however long that takes. */
    public void join() throws InterruptedException {
        process.waitFor();
        RUNNING.remove(this);
    }

    /** SIGTERM, and SIGKILL when that does not help; returns when the process is gone. */
    public void stop() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_LIMIT_MS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                throw new IllegalStateException("The server did not stop by itself: " + log);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            RUNNING.remove(this);
        }
    }

    /** SIGKILL for every server that is still there; returns how many these were. */
    public static int killAll() {
        int killed = 0;
        for (ServerProcess server : RUNNING) {
            if (server.process.isAlive()) {
                killed++;
            }
            server.process.destroyForcibly();
            RUNNING.remove(server);
        }
        return killed;
    }

    /** The end of what it has written. */
    public String logTail() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(log, "r")) {
            long from = Math.max(0, file.length() - LOG_TAIL_BYTES);
            byte[] bytes = new byte[(int) (file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    private static boolean accepts(InetSocketAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(address, 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
