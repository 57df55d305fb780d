package ensemble.tests;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Writes what became of the tests of one class, a line of JSON each: {@code class}, {@code test}
 * (with the class itself for a failure outside its methods), {@code status} (passed, failed,
 * skipped), {@code ms} and {@code message}; in the end one with {@code status} "finished".
 */
final class Outcomes implements TestExecutionListener {
    private static final int MESSAGE_CHARACTERS_MAX = 4_000;

    private final String className;
    private final PrintStream out;
    private final Map<String, Long> startedAt = new ConcurrentHashMap<>();

    Outcomes(String className, PrintStream out) {
        this.className = className;
        this.out = out;
        startedAt.put(className, System.nanoTime());
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        startedAt.put(test.getUniqueId(), System.nanoTime());
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        write(nameOf(test), "skipped", 0, reason);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
        if (passed && !test.isTest()) {
            return;
        }
        String message = result.getThrowable().map(Outcomes::describe).orElse("");
        boolean aborted = result.getStatus() == TestExecutionResult.Status.ABORTED;
        String status = passed ? "passed" : aborted ? "skipped" : "failed";
        write(nameOf(test), status, millisSince(test.getUniqueId()), message);
    }

    void failedToRun(Throwable failure) {
        write(className, "failed", 0, describe(failure));
    }

    void classFinished(int serversLeft) {
        String message = serversLeft == 0 ? "" : serversLeft + " servers left running";
        write(className, "finished", millisSince(className), message);
    }

    /** The method, and which of its runs if it takes parameters. */
    private static String nameOf(TestIdentifier test) {
        String display = test.getDisplayName();
        return test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(source -> ((MethodSource) source).getMethodName())
                .map(method -> display.startsWith(method) ? method : method + " " + display)
                .orElse(display);
    }

    private long millisSince(String what) {
        return (System.nanoTime() - startedAt.get(what)) / 1_000_000;
    }

    private synchronized void write(String test, String status, long millis, String message) {
        out.println("{\"class\":" + quote(className) + ",\"test\":" + quote(test)
                + ",\"status\":" + quote(status) + ",\"ms\":" + millis
                + ",\"message\":" + quote(message) + "}");
        out.flush();
    }

    private static String describe(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        String all = text.toString().replaceAll("(?m)^\\s+at (org\\.junit|java\\.base).*\\R", "");
        return all.substring(0, Math.min(all.length(), MESSAGE_CHARACTERS_MAX));
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
