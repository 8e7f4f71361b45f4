import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The device as a program. */
final class Main {
    static final int NEEDS_PASSWORD = 3;
    private static final List<String> OPTIONS = List.of("--credentials", "--journal", "--counter", "--reader");

    public static void main(String[] arguments) throws Exception {
        Map<String, Path> paths = pathsIn(arguments);
        Map<String, Object> credentials = Json.parseObject(Files.readString(paths.get("--credentials")));
        String address = Json.string(credentials.get("address"));
        lock(paths.get("--journal"));
        Journal journal;
        try {
            journal = Journal.open(
                    new DurableFile(paths.get("--journal")), new DurableFile(paths.get("--counter")), address);
        } catch (Journal.OldCopy old) {
            System.err.println(old.getMessage() + ": this device needs another password.");
            System.exit(NEEDS_PASSWORD);
            return;
        }
        MqttLink.Login login = new MqttLink.Login(
                URI.create(Json.string(credentials.get("mqtt_url"))),
                Json.string(credentials.get("client_id")),
                Json.string(credentials.get("username")),
                Json.string(credentials.get("password")));
        Agent agent = new Agent(login, journal, new Reader(paths.get("--reader")));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            agent.stop();
            try {
                agent.awaitEnd();
            } catch (InterruptedException over) {
                // The program ends now in any case.
            }
        }));
        agent.start();
        System.exit(agent.awaitEnd());
    }

    private static Map<String, Path> pathsIn(String[] arguments) {
        Map<String, Path> paths = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) paths.put(arguments[i], Path.of(arguments[i + 1]));
        if (arguments.length != 2 * OPTIONS.size() || !paths.keySet().containsAll(OPTIONS)) {
            System.err.println("java -cp … Main --credentials FILE --journal FILE --counter FILE --reader FILE");
            System.exit(2);
        }
        return paths;
    }

    /** Locks the journal: two programs that share it would both begin each command. A crash releases the lock. */
    private static void lock(Path journal) throws IOException {
        Path absolute = journal.toAbsolutePath();
        Files.createDirectories(absolute.getParent());
        FileChannel channel = FileChannel.open(
                absolute.resolveSibling(absolute.getFileName() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (channel.tryLock() != null) return;
        System.err.println("Another program uses this journal.");
        System.exit(1);
    }
}
