package ensemble.tests;

import java.io.File;
import java.security.NoSuchAlgorithmException;
import java.security.URIParameter;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;

/**
 * The login modules of the file that java.security.auth.login.config names at the moment of asking,
 * as they were when it was read, until refreshed. Java's own configuration stays with the file that
 * it read first, or with none: a client that an earlier class left behind, still connecting, would
 * have it read before the next class has set the property.
 */
final class CurrentLoginModules extends Configuration {
    private String file;
    private Configuration modules;

    @Override
    public synchronized AppConfigurationEntry[] getAppConfigurationEntry(String name) {
        String current = System.getProperty("java.security.auth.login.config");
        if (current == null) return null;
        if (!current.equals(file)) {
            modules = read(current);
            file = current;
        }
        return modules.getAppConfigurationEntry(name);
    }

    @Override
    public synchronized void refresh() {
        file = null;
    }

    private static Configuration read(String file) {
        try {
            URIParameter source = new URIParameter(new File(file).toURI());
            return Configuration.getInstance("JavaLoginConfig", source);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }
}
