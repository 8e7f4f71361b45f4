import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A device of level 2 with a password: {@code java Agent --folder FOLDER --credentials FILE}, where the file is the answer of
 * {@code POST .../credentials}. Exit code 3: it needs another password.
 */
public final class Agent {
    private static final int NEEDS_PASSWORD = 3;
    private static final long FIRST_PAUSE_MS = 200;
    private static final int MOST_DOUBLINGS = 6;
    private static final long LONGEST_PAUSE_MS = 10_000;
    private static final int DOUBLINGS_AFTER_WELCOME = 2;
    private static final long GOOD_LINK_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LONG_LINK_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final long GOODBYE_MS = 500;
    private static final long LAST_WORK_MS = 5_000;

    private final Mqtt.Login login;
    private final String topics;
    private final Turns turns = new Turns();
    private final Talk talk;
    private final Rules rules;
    private final Counter counter;
    /** Names this run of the program, and the connections are counted (rule 37). */
    private final String run = UUID.randomUUID().toString();
    private int connections;
    private String session;
    private volatile Mqtt link;
    private volatile boolean isEnding;
    /** How often the pause is doubled. */
    private int failures;
    /** Links in a row that the broker closed without a word: perhaps for another device with this one's address. */
    private int closedInRow;

    private Agent(Path folder, Message credentials) throws IOException {
        String address = credentials.text("address");
        login = new Mqtt.Login(URI.create(credentials.text("mqtt_url")), credentials.text("client_id"),
                credentials.text("username"), credentials.text("password"));
        topics = "tillkeeper/v1/" + address + "/";
        counter = new Counter(Files.createDirectories(folder.resolve("keys")).resolve("counter.json"));
        Path ofJournal = Files.createDirectories(folder.resolve("journal"));
        Journal journal = Journal.open(ofJournal.resolve("journal.json"), counter, address);
        talk = new Talk(journal, turns, this::send, this::needsPassword);
        rules = new Rules(journal, new Device(folder.resolve("reader")), turns, talk);
        talk.start(rules);
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 4 || !args[0].equals("--folder") || !args[2].equals("--credentials")) {
            System.err.println("usage: java Agent --folder FOLDER --credentials FILE");
            System.exit(2);
        }
        Path folder = Files.createDirectories(Path.of(args[1]));
        Message credentials = Message.read(Files.readAllBytes(Path.of(args[3])));
        // Two with one journal would both begin what comes. The lock ends with the process, however that ends.
        FileChannel lock = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (lock.tryLock() == null) {
            System.err.println("Another agent uses " + folder);
            System.exit(2);
        }
        try {
            new Agent(folder, credentials).live();
        } catch (Journal.Lost cause) {
            System.err.println(cause.getMessage());
            System.exit(NEEDS_PASSWORD);
        }
    }

    private void live() throws InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::end));
        turns.now(rules::start);
        while (!isEnding) {
            long since = System.nanoTime();
            boolean isClosed = connect();
            turns.now(talk::disconnected);
            pause(System.nanoTime() - since, isClosed);
        }
        // The hook ends the program.
        Thread.currentThread().join();
    }

    /** One connection, from its beginning to its end. Answers whether the broker closed it without a word. */
    private boolean connect() {
        session = run + "." + ++connections;
        byte[] will = bytes(Message.map("session", session));
        boolean[] wasUp = {false};
        try (Mqtt opened = new Mqtt(login.url())) {
            link = opened;
            opened.run(login, topics + "gone", will, topics + "+", new Mqtt.Listener() {
                @Override
                public void up() {
                    wasUp[0] = true;
                    String name = session;
                    turns.now(() -> talk.connected(name));
                }

                @Override
                public void message(String topic, byte[] payload) throws IOException {
                    heard(topic.substring(topic.lastIndexOf('/') + 1), payload);
                }
            });
        } catch (EOFException cause) {
            Log.line(cause.getMessage());
            return wasUp[0];
        } catch (IOException cause) {
            Log.line("no link: " + cause.getMessage());
        } finally {
            link = null;
        }
        return false;
    }

    /** Until the next try: doubled each time, and shorter by chance, so that a fleet does not return in step. */
    private void pause(long livedNanos, boolean isClosed) throws InterruptedException {
        closedInRow = isClosed && livedNanos < LONG_LINK_NANOS ? closedInRow + 1 : closedInRow;
        if (livedNanos >= LONG_LINK_NANOS) closedInRow = 0;
        boolean isPushedOut = closedInRow >= 2;
        if (!isPushedOut && talk.wasWelcomed()) failures = Math.min(failures, DOUBLINGS_AFTER_WELCOME);
        if (!isPushedOut && livedNanos >= GOOD_LINK_NANOS) failures = 0;
        long longest = Math.min(FIRST_PAUSE_MS << Math.min(failures++, MOST_DOUBLINGS), LONGEST_PAUSE_MS);
        TimeUnit.MILLISECONDS.sleep(longest - ThreadLocalRandom.current().nextLong(longest / 2));
    }

    /** On the thread that reads. A probe is answered at once, whatever else is going on (rule 40). */
    private void heard(String channel, byte[] payload) {
        try {
            Message message = Message.read(payload);
            switch (channel) {
                case "welcome" -> turns.now(() -> talk.welcome(message));
                case "receipt" -> turns.now(() -> talk.receipt(message));
                case "memory" -> turns.now(() -> talk.memory(message));
                case "command" -> {
                    Command command = Command.in(message);
                    turns.now(() -> rules.command(command));
                }
                case "cancel" -> cancel(message);
                case "probe" -> send("probe_answer", Message.map("probe_id", message.uuid("probe_id")));
                case "rejection" -> Log.line("the server did not understand: " + Json.write(message.fields()));
                default -> { }
            }
        } catch (Malformed cause) {
            Log.line("ignored a " + channel + ": " + cause.getMessage());
        }
    }

    private void cancel(Message message) {
        String id = message.uuid("operation_id");
        String operation = message.text("operation");
        Map<String, Object> origin = message.has("origin") ? message.object("origin").fields() : null;
        rules.noteCancel(id);
        turns.now(() -> rules.cancel(id, operation, origin));
    }

    private void send(String channel, Map<String, Object> message) {
        Mqtt current = link;
        if (current == null) return;
        try {
            current.publish(topics + channel, bytes(message));
        } catch (IOException cause) {
            // The thread that reads finds out that the link is over.
            Log.line("not sent: " + channel);
        }
    }

    /** What runs comes to its end; then the program does (Memory: a device with a password stops). */
    private void needsPassword() {
        try {
            counter.noteOld(topics.split("/")[2]);
        } catch (IOException cause) {
            Log.line("the counter cannot be written: " + cause);
        }
        System.err.println("The journal is an old copy. It needs another password, by POST .../credentials.");
        rules.end(() -> new Thread(() -> System.exit(NEEDS_PASSWORD)).start());
    }

    /** Goodbye, and DISCONNECT when the broker has it (rule 36). What runs is waited for, but not for ever. */
    private void end() {
        isEnding = true;
        CountDownLatch done = new CountDownLatch(1);
        turns.now(() -> rules.end(() -> {
            String name = session;
            talk.say("goodbye", Message.map("session", name));
            talk.quiet();
            done.countDown();
        }));
        Mqtt last = link;
        try {
            if (!done.await(LAST_WORK_MS, TimeUnit.MILLISECONDS) || last == null) return;
            last.awaitAcknowledgements(GOODBYE_MS);
            last.disconnect();
        } catch (IOException | InterruptedException cause) {
            Log.line("no goodbye: " + cause);
        }
    }

    private static byte[] bytes(Map<String, Object> message) {
        return Json.write(message).getBytes(StandardCharsets.UTF_8);
    }
}
