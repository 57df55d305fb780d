package ensemble.standins;

import static java.nio.file.StandardOpenOption.APPEND;

import java.io.File;
import java.io.FileReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.zookeeper.server.ContainerManager;

/**
 * The {@code zoo.cfg} of one server: what a test gave to the constructors of ZooKeeper's server,
 * and what it set as system properties, which are keys of the file without their prefix.
 */
final class Configuration {
    private static final String PREFIX = "zookeeper.";
    private static final String JAAS_KEY = "java.security.auth.login.config";
    /** Properties that servers read under this very name. */
    private static final List<String> BARE =
            List.of("jute.maxbuffer", JAAS_KEY, "readonlymode.enabled");
    /** Properties of clients, or of the test's JVM; servers have no such key. */
    private static final List<String> NOT_OF_SERVERS = List.of(
            "zookeeper.client.secure",
            "zookeeper.clientCnxnSocket",
            "zookeeper.disableAutoWatchReset",
            "zookeeper.junit.threadid",
            "zookeeper.request.timeout",
            "zookeeper.sasl.client",
            "zookeeper.sasl.clientconfig",
            "zookeeper.server.principal",
            "zookeeper.server.realm");

    private final Map<String, Object> keys = new LinkedHashMap<>();

    Configuration() {
        keys.put(ContainerManager.CHECK_INTERVAL_KEY, ContainerManager.LOOK_INTERVAL_MS);
        for (String name : new TreeSet<>(System.getProperties().stringPropertyNames())) {
            if (BARE.contains(name)) {
                keys.put(name, System.getProperty(name));
            } else if (name.startsWith(PREFIX)
                    && !NOT_OF_SERVERS.contains(name)
                    && !namesNoProvider(name)) {
                keys.put(name.substring(PREFIX.length()), System.getProperty(name));
            }
        }
    }

    /**
     * Some tests name a provider that does not exist. ZooKeeper logs that and goes on without it;
     * our server does not start with a provider that it does not have. The tests are not about it.
     */
    private static boolean namesNoProvider(String name) {
        if (!name.startsWith("zookeeper.authProvider.")) {
            return false;
        }
        try {
            Class.forName(System.getProperty(name));
            return false;
        } catch (ClassNotFoundException e) {
            return true;
        }
    }

    /**
     * Writes what a test has told the JVM of the users of SASL, instead of naming a file of them,
     * into a file in the folder.
     */
    Configuration putUsersOfJvm(File folder) throws IOException {
        String section = System.getProperty("zookeeper.sasl.serverconfig", "Server");
        var jvm = javax.security.auth.login.Configuration.getConfiguration();
        AppConfigurationEntry[] modules = jvm.getAppConfigurationEntry(section);
        if (keys.containsKey(JAAS_KEY) || modules == null) {
            return this;
        }
        File file = new File(folder, "jaas.conf");
        try (PrintWriter writer = new PrintWriter(file, StandardCharsets.UTF_8)) {
            writer.println(section + " {");
            for (AppConfigurationEntry module : modules) {
                writer.println("  " + module.getLoginModuleName() + " required");
                module.getOptions().forEach((name, value) ->
                        writer.println("    " + name + "=\"" + value + "\""));
                writer.println("  ;");
            }
            writer.println("};");
        }
        return put(JAAS_KEY, file);
    }

    Configuration put(String key, Object value) {
        keys.put(key, value);
        return this;
    }

    /** As {@link #put}, unless the value is the -1 that stands for "as usual". */
    Configuration putUnlessUnset(String key, int value) {
        return value == -1 ? this : put(key, value);
    }

    File writeTo(File file) throws IOException {
        try (PrintWriter writer = new PrintWriter(file, StandardCharsets.UTF_8)) {
            keys.forEach((key, value) -> writer.println(key + "=" + value));
        }
        return file;
    }

    /** Adds to a file what the file does not say itself; returns the result in another file. */
    File addedTo(File file) throws IOException {
        Properties present = new Properties();
        try (Reader reader = new FileReader(file, StandardCharsets.UTF_8)) {
            present.load(reader);
        }
        keys.keySet().removeAll(present.stringPropertyNames());
        File target = new File(file.getPath() + ".ensemble");
        writeTo(target);
        Files.writeString(target.toPath(), Files.readString(file.toPath()), APPEND);
        return target;
    }
}
