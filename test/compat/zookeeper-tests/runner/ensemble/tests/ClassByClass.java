package ensemble.tests;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import javax.security.auth.login.Configuration;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs JUnit test classes one after another in one JVM, each as if it were alone in a JVM of its
 * own, as ZooKeeper's build does: it gets its own class loader for the jars of the system property
 * ensemble.isolated, the system properties as they were at the start, and no login modules.
 *
 * <p>Standard input has a line per class: its name, then the methods to leave out. Standard output
 * gets a line of JSON per outcome (see {@link Outcomes}); what tests print goes to standard error.
 */
public final class ClassByClass {
    private static final String METHOD_TIMEOUT = "300 s";

    private ClassByClass() {}

    public static void main(String[] args) throws Exception {
        PrintStream results = System.out;
        System.setOut(System.err);
        Runtime.getRuntime().addShutdownHook(new Thread(ServerProcess::killAll));
        Properties atStart = (Properties) System.getProperties().clone();
        Launcher launcher = LauncherFactory.create();
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            List<String> words = Arrays.asList(line.trim().split("\\s+"));
            System.setProperties((Properties) atStart.clone());
            Configuration.setConfiguration(new CurrentLoginModules());
            String name = words.get(0);
            Outcomes outcomes = new Outcomes(name, results);
            run(launcher, name, new HashSet<>(words.subList(1, words.size())), outcomes);
            outcomes.classFinished(ServerProcess.killAll());
        }
        System.exit(0);
    }

    private static void run(
            Launcher launcher, String name, Set<String> leftOut, Outcomes outcomes) {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        // Not closed afterwards: threads that a test leaves behind may still load classes.
        URLClassLoader isolated = new URLClassLoader(isolatedJars(), before);
        Thread.currentThread().setContextClassLoader(isolated);
        try {
            PostDiscoveryFilter chosen = test -> FilterResult.includedIf(!test.getSource()
                    .filter(MethodSource.class::isInstance)
                    .map(source -> ((MethodSource) source).getMethodName())
                    .filter(leftOut::contains)
                    .isPresent());
            launcher.execute(
                    LauncherDiscoveryRequestBuilder.request()
                            .selectors(selectClass(isolated.loadClass(name)))
                            .filters(chosen)
                            .configurationParameter(
                                    "junit.jupiter.execution.timeout.default", METHOD_TIMEOUT)
                            .build(),
                    outcomes);
        } catch (Throwable failure) {
            outcomes.failedToRun(failure);
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    private static URL[] isolatedJars() {
        List<URL> urls = new ArrayList<>();
        for (String part : System.getProperty("ensemble.isolated").split(File.pathSeparator)) {
            try {
                urls.add(new File(part).toURI().toURL());
            } catch (MalformedURLException e) {
                throw new IllegalArgumentException(part, e);
            }
        }
        return urls.toArray(new URL[0]);
    }
}
