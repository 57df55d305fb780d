package org.apache.zookeeper.test;

import java.util.HashSet;
import java.util.Set;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;

/**
 * In the place of ZooKeeper's class of this name, which looks for the server's management beans in
 * the test's JVM: our server has none, so nothing is looked for. Tests that read beans are excluded.
 */
public class JMXEnv {
    public static void setUp() {}

    public static void tearDown() {}

    public static void dump() {}

    public static MBeanServerConnection conn() {
        throw new UnsupportedOperationException("The server has no management beans");
    }

    public static Set<ObjectName> ensureAll(String... names) {
        return new HashSet<>();
    }

    public static Set<ObjectName> ensureOnly(String... names) {
        return new HashSet<>();
    }

    public static void ensureNone(String... names) {}

    public static Set<ObjectName> ensureParent(String... names) {
        return new HashSet<>();
    }
}
